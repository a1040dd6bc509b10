"""The two kinds of failure. Any other exception counts as transient."""

MOST_TEXT = 2000
"""Characters of a failure's text in record, history, email and log."""


def shorten(text: str, most: int = MOST_TEXT) -> str:
    """The text, cut to at most so many characters; an ellipsis shows that it was cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


class OutlastError(Exception):
    """Base of the errors that this app raises on purpose. The text names what failed, its id and what to do next."""


class Permanent(OutlastError):
    """Fails in the same way at every try, so it is not retried."""


class Transient(OutlastError):
    """May succeed later, so it is retried by the step's policy."""


class Throttled(Transient):
    """A service takes nothing now and takes it again in `seconds`."""

    def __init__(self, text: str, seconds: float) -> None:
        super().__init__(text)
        self.seconds = seconds
