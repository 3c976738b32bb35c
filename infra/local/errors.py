"""The one error of the local runner: something a person has to know before anything can run."""


class CannotStart(Exception):
    """A part cannot be started or used. ``str(error)`` is one sentence that says what and what to do."""
