"""The bench: how fast an import is against the raw floor, and what the vendor's way costs beside it.

``python -m bench ROWS RUNS`` (the Makefile's ``bench``) starts the embedded system as ``make run`` does, imports the
catalogue that ``catalogue`` makes over HTTP, runs ``floor`` and ``vendor_django`` between the imports, and prints
medians and ratios. It serves the speed bounds of the import; nothing of it ships.
"""
