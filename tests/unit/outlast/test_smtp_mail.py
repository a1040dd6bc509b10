import pytest

from outlast.smtp_mail import SmtpServer


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://u:p%40ss@mail.x.org", SmtpServer("mail.x.org", 587, "u", "p@ss", tls=False, plain=False)),
        ("smtps://u:p@mail.x.org", SmtpServer("mail.x.org", 465, "u", "p", tls=True, plain=False)),
        ("smtp://127.0.0.1:25?starttls=off", SmtpServer("127.0.0.1", 25, "", "", tls=False, plain=True)),
    ],
)
def test_a_server_is_read_from_its_url(url: str, server: SmtpServer) -> None:
    """Host, port, user, password and encryption are those of the URL; a port that is missing is the usual one."""
    assert SmtpServer.of_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.x.org",
        "http://u:s3cret@mail.x.org",
        "smtp://u:s3cret@",
        "smtp://u:s3cret@mail.x.org/path",
        "smtp://u:s3cret@mail.x.org?starttls=off",
        "smtps://mail.x.org?starttls=off",
        "smtp://u:s3cret@mail.x.org?tls=no",
        "smtp://u:s3cret?1@mail.x.org",
    ],
)
def test_another_url_is_refused_without_repeating_it(url: str) -> None:
    """A URL of another form, or one that would send a password in the clear, is refused; the error does not have it."""
    with pytest.raises(ValueError, match=r"starttls|smtp://") as caught:
        SmtpServer.of_url(url)
    assert "s3cret" not in str(caught.value)
