"""The two kinds of failure. Any other exception counts as transient."""


class OutlastError(Exception):
    """Base of the errors that this app raises on purpose. The text names what failed, its id and what to do next."""


class Permanent(OutlastError):
    """Fails in the same way at every try, so it is not retried."""


class Transient(OutlastError):
    """May succeed later, so it is retried by the step's policy."""
