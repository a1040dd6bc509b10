import pytest

from outlast.errors import Permanent
from outlast.settings import read_settings

SECRETS = {"COSMOS_KEY": "c0sm0s-s3cret", "SENDGRID_API_KEY": "SG.s3cret"}


def test_settings_come_from_the_environment_by_their_capitals() -> None:
    """A setting is read from the field's name in capitals, without blanks around the value."""
    settings = read_settings({"COSMOS_ENDPOINT": " https://x ", "MAX_PARALLEL": "3", "PATH": "/bin"})
    assert (settings.cosmos_endpoint, settings.max_parallel) == ("https://x", 3)


def test_an_empty_setting_counts_as_absent() -> None:
    """An empty value leaves the default."""
    assert read_settings({"COSMOS_DATABASE": "", "MAX_PARALLEL": ""}) == read_settings({})


def test_no_secret_is_in_the_repr() -> None:
    """Printing the settings does not print a key."""
    shown = repr(read_settings(SECRETS)) + str(read_settings(SECRETS))
    assert not any(secret in shown for secret in SECRETS.values())


@pytest.mark.parametrize("name", ["MAX_PARALLEL", "FIRST_RETRY_SECONDS"])
@pytest.mark.parametrize("value", ["s3cret-value", "-1", "0", "nan"])
def test_an_error_names_the_setting_and_not_its_value(name: str, value: str) -> None:
    """A setting that cannot be used is named with its fault and without its value, which may be secret."""
    with pytest.raises(Permanent) as caught:
        read_settings({**SECRETS, name: value})
    assert name in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("value", "allowed"), [("1", True), ("32", True), ("33", False)])
def test_lanes_are_limited_to_what_a_wave_takes(value: str, allowed: bool) -> None:
    """MAX_PARALLEL is a number from 1 to 32."""
    if allowed:
        assert read_settings({"MAX_PARALLEL": value}).max_parallel == int(value)
    else:
        with pytest.raises(Permanent, match="MAX_PARALLEL"):
            read_settings({"MAX_PARALLEL": value})


@pytest.mark.parametrize("name", ["RETENTION_DAYS", "RECORD_DAYS"])
@pytest.mark.parametrize(
    ("value", "allowed"), [("-1", True), ("0", True), ("20000", True), ("-2", False), ("20001", False)]
)
def test_days_are_numbers_or_for_ever(name: str, value: str, allowed: bool) -> None:
    """Days are 0 or more, -1 for ever, and so few that the database takes their seconds."""
    if allowed:
        assert getattr(read_settings({name: value}), name.lower()) == int(value)
    else:
        with pytest.raises(Permanent, match=name):
            read_settings({name: value})


SIGNED = {"WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", "http://u:s3cret@mail.x.org"),
        ("SMTP_URL", "smtp://u:s3cret?1@mail.x.org"),
        ("WEBHOOK_URL", "http://s3cret.x.org"),
        ("WEBHOOK_URL", "s3cret.x.org"),
        ("PUBLIC_URL", "ftp://s3cret.x.org"),
        ("TRUSTED_PROXIES", "11"),
        ("CORS_ORIGINS", "https://s3cret.x.org/path"),
        ("CORS_ORIGINS", "https://x.org *"),
        ("CORS_ORIGINS", "https://*.x.org"),
        ("CORS_ORIGINS", "http://s3cret.x.org"),
        ("WEBHOOK_SECRET", "whsec_s3cret"),
        ("LINK_SECRET", "s3cret"),
        ("LINK_DAYS", "366"),
        ("DURABLE_URLS", "s3cret"),
    ],
)
def test_an_address_or_secret_of_another_form_is_named_without_its_value(name: str, value: str) -> None:
    """Each of these may be secret, or have a password in it, so the error names the setting alone."""
    with pytest.raises(Permanent, match=name) as caught:
        read_settings({**SIGNED, name: value})
    assert "s3cret" not in str(caught.value)


def test_a_webhook_needs_a_secret() -> None:
    """WEBHOOK_URL without WEBHOOK_SECRET stops the app when it loads: nothing is posted that is not signed."""
    with pytest.raises(Permanent, match=r"WEBHOOK_SECRET: .*is needed"):
        read_settings({"WEBHOOK_URL": "https://x.org/hook"})
    assert read_settings({**SIGNED, "WEBHOOK_URL": "https://x.org/hook"}).webhook_url == "https://x.org/hook"


def test_an_address_has_no_slash_at_its_end() -> None:
    """Links are made by adding a path to PUBLIC_URL. Without https it is for this machine alone."""
    assert read_settings({"PUBLIC_URL": "https://x.org/"}).public_url == "https://x.org"
    assert read_settings({"PUBLIC_URL": "http://127.0.0.1:7071"}).public_url == "http://127.0.0.1:7071"


def test_origins_are_a_list() -> None:
    """Origins are separated by commas or spaces, and are compared as browsers send them: in lower case."""
    given = "https://App.example.com, http://localhost:3000"
    assert read_settings({"CORS_ORIGINS": given}).cors_origins == ("https://app.example.com", "http://localhost:3000")
    assert read_settings({}).cors_origins == ()


def test_spaces_around_a_value_are_removed() -> None:
    """A value of any type may have spaces around it, as pasted ones have, and one of spaces alone counts as not set."""
    given = {"COSMOS_WRITER": " sdk\n", "COSMOS_PRIORITY": "Low ", "DURABLE_URLS": " false", "MAX_RUNS": " "}
    found = read_settings({**given, "MAIL_TO": " a@x.org "})
    assert (found.cosmos_writer, found.cosmos_priority, found.durable_urls) == ("sdk", "Low", False)
    assert (found.max_runs, found.mail_to) == (read_settings({}).max_runs, "a@x.org")
