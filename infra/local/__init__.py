"""The whole system on a laptop: every part AWS would give us, embedded in one process. Never shipped.

``run`` puts the parts together for a person, ``stack`` for tests; the parts are ``postgres``, ``aws``, ``pump`` and
``http``.
"""
