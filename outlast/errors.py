"""The two kinds of failure. Anything that is neither is taken as transient until its attempts are used up."""


class OutlastError(Exception):
    """Base of the errors that this app raises on purpose; the text says what failed, which id, what to do next."""


class Permanent(OutlastError):
    """Fails in the same way however often it is tried: not retried."""


class Transient(OutlastError):
    """May succeed later: retried by the step's policy."""
