"""The cookies of a response, as ASP.NET Core writes them."""

from http.cookies import SimpleCookie

import pytest

from local.host.workers.cookies import rewritten


@pytest.mark.parametrize(
    ("cookie", "written"),
    [
        ("foo=bar", "foo=bar; domain=; path="),
        (
            "a=42; Domain=a.b; Expires=Thu, 12-Jan-2017 13:55:08 GMT; Path=/; Max-Age=10; Secure; HttpOnly",
            "a=42; expires=Thu, 12 Jan 2017 13:55:08 GMT; max-age=10; domain=a.b; path=/; secure; httponly",
        ),
        ('a="x y"; SameSite=Lax', "a=x%20y; domain=; path=; samesite=lax"),
        ("a=1; SameSite=Dummy", "a=1; domain=; path="),
    ],
)
def test_a_cookie_is_written_anew(cookie: str, written: str) -> None:
    """The attributes come in ASP.NET Core's order and case, and the value is escaped."""
    assert rewritten([SimpleCookie(cookie)]) == [written]


@pytest.mark.parametrize("cookie", ["a=1; Expires=Dummy", "a=1; Max-Age=Dummy"])
def test_an_attribute_that_cannot_be_read_is_refused(cookie: str) -> None:
    """The worker fails the call instead of sending such a cookie."""
    with pytest.raises(ValueError, match="Dummy"):
        rewritten([SimpleCookie(cookie)])
