import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.links import Link, Links

SECRET = "s" * 32
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
RUN = "0123456789abcdef" * 2
LINK = Link(RUN, 3, int(datetime(2026, 1, 16, tzinfo=UTC).timestamp()), True)


def links(secret: str = SECRET, now: datetime = NOW) -> Links:
    return Links(secret, "https://app.example", 14, lambda: now)


def test_a_token_is_read_as_it_was_made() -> None:
    """A token has run, version, end and what it opens, and is safe in an address."""
    token = links().token(LINK)
    assert links().read(token) == LINK
    assert token.replace("-", "").replace("_", "").isalnum()


@given(st.integers(0, 60), st.integers(1, 255))
def test_no_byte_of_a_token_can_be_changed(place: int, change: int) -> None:
    """A token with any other byte is none of this app."""
    data = bytearray(base64.urlsafe_b64decode(links().token(LINK) + "=="))
    data[place % len(data)] ^= change
    assert links().read(base64.urlsafe_b64encode(data).decode().rstrip("=")) is None


@given(st.one_of(st.text(), st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode())))
def test_no_other_text_is_a_token(text: str) -> None:
    """Any text is read without an error, and is no link."""
    assert links().read(text) is None


def test_a_token_of_another_secret_is_none() -> None:
    """A token opens nothing where another secret, or none, is set."""
    token = links().token(LINK)
    assert links("t" * 32).read(token) is None
    assert links("").read(token) is None


@pytest.mark.parametrize(("days", "end"), [(None, 16), (1, 3), (0.5, 2)])
def test_a_link_ends_at_midnight(days: float | None, end: int) -> None:
    """The end is the midnight after so many days, so that a link made again on the same day is the same."""
    until = links().until(NOW, days)
    assert until == int(datetime(2026, 1, end, tzinfo=UTC).timestamp())
    assert links().until(NOW + timedelta(hours=3), days) == until or days == 0.5


def test_a_link_is_over_at_its_end() -> None:
    """A link opens its run until its end, and not from then on."""
    end = datetime.fromtimestamp(LINK.until, UTC)
    assert not links(now=end - timedelta(seconds=1)).is_over(LINK)
    assert links(now=end).is_over(LINK)


def test_the_address_of_the_app_comes_first() -> None:
    """A link has the app's own address, or where that is not set, the one that the request has come by."""
    token = links().token(LINK)
    assert links().uri(LINK, "https://proxy/api") == f"https://app.example/api/shared/{token}"
    assert Links(SECRET, "", 14, lambda: NOW).uri(LINK, "https://proxy/api") == f"https://proxy/api/shared/{token}"
