"""The settings, and the only code that reads the environment."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from outlast.errors import Permanent
from outlast.generating.part_limits import MAX_STAGED
from outlast.links import LEAST_SECRET, MOST_LINK_DAYS
from outlast.models import MOST_LANES
from outlast.run_options import MOST_PLAN_DAYS
from outlast.smtp_mail import SmtpServer
from outlast.webhook import key_of

MOST_DAYS = 20_000
"""The database takes a time to live of at most 2**31 - 1 seconds, which are 24,855 days."""


class Settings(BaseModel):
    """Each field is a setting whose environment variable is the field's name in capitals."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    cosmos_endpoint: str = ""
    cosmos_key: str = Field("", repr=False)
    """Empty in Azure, where the managed identity is used."""
    cosmos_database: str = "outlast"
    cosmos_writer: Literal["bulk", "sdk"] = "bulk"
    """`sdk` uses only public calls of azure-cosmos and is slower."""
    cosmos_priority: Literal["High", "Low"] | None = None
    cosmos_throughput_bucket: int | None = Field(None, ge=1, le=5)
    azure_storage_account_name: str = ""
    """The storage account of locations that begin with `az://`, which name none."""
    staging_url: str = ""
    inputs_url: str = ""
    sendgrid_api_key: str = Field("", repr=False)
    sendgrid_host: str = "https://api.sendgrid.com"
    smtp_url: str = Field("", repr=False)
    """A mail server that is used in place of SendGrid; it has a password."""
    mail_from: str = ""
    mail_to: str = ""
    webhook_url: str = Field("", repr=False)
    """It may have a key of the receiver in it."""
    webhook_secret: str = Field("", repr=False, validate_default=True)
    """Those of Standard Webhooks, separated by spaces."""
    public_url: str = ""
    """The app's own address, for links in what it sends and answers."""
    trusted_proxies: int = Field(0, ge=0, le=10)
    """How many proxies before the app say truly, in `X-Forwarded-…`, what they were sent."""
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may read answers, separated by spaces or commas."""
    link_secret: str = Field("", repr=False)
    """Without it there are no links that may be shared."""
    link_days: float = Field(14.0, gt=0, le=MOST_LINK_DAYS)
    """Days for which a link opens its run, where nobody names another number."""
    durable_urls: bool = True
    """Whether a start is answered with the durable URLs, which have the system key, where it does not say so itself."""
    max_runs: int = Field(8, ge=1)
    """Runs at work at once. Later ones are queued."""
    max_parallel: int = Field(8, ge=1, le=MOST_LANES)
    """Lanes of one wave of a run, where the caller names no other number."""
    max_staged_bytes: int = Field(MAX_STAGED, ge=1024 * 1024)
    """Bytes of documents that a run may make before it fails."""
    snapshot_grace_seconds: float = Field(3600.0, ge=0)
    """How long a replaced generation stays, for readers that are still reading it."""
    retention_days: int = Field(14, ge=-1, le=MOST_DAYS)
    """Days for which the files and histories of an ended run are kept, -1 for ever."""
    record_days: int = Field(90, ge=-1, le=MOST_DAYS)
    """Days for which the record of an ended run is kept, -1 for ever. It is never deleted before the run's files."""
    plan_days: float = Field(7.0, gt=0, le=MOST_PLAN_DAYS)
    """Days for which a planned run waits for its approval, where the caller names no other number."""
    price_per_million_ru: float | None = Field(None, ge=0, allow_inf_nan=False)
    """What the deployer pays for a million request units; no price is known without it."""
    currency: str = Field("", max_length=16)
    otel_exporter_otlp_endpoint: str = Field("", pattern=r"^(https?://.+)?$")
    """Where spans and metrics are exported to. Empty: they are not made."""
    portal_url: str = ""
    """Where the Azure portal shows the app's Application Insights, for links of the page."""
    first_retry_seconds: float = Field(5.0, ge=0.001)
    """Delay of the first retry. Azure fires timers of less than a second at once; a local host may use less."""

    @field_validator("smtp_url")
    @classmethod
    def _is_of_a_mail_server(cls, url: str) -> str:
        if url:
            SmtpServer.of_url(url)
        return url

    @field_validator("webhook_url", "public_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return checked_address(url)

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _are_origins(cls, given: object) -> object:
        return tuple(map(checked_origin, given.replace(",", " ").split())) if isinstance(given, str) else given

    @field_validator("webhook_secret")
    @classmethod
    def _signs(cls, secrets: str, info: ValidationInfo) -> str:
        if info.data.get("webhook_url") and not secrets:
            raise ValueError("is needed to sign what is posted to WEBHOOK_URL")
        for secret in secrets.split():
            key_of(secret)
        return secrets

    @field_validator("link_secret")
    @classmethod
    def _is_long(cls, secret: str) -> str:
        if secret and len(secret) < LEAST_SECRET:
            raise ValueError(f"must have at least {LEAST_SECRET} characters, as of `openssl rand -base64 32`")
        return secret


def checked_address(url: str) -> str:
    """The address without a slash at its end. Raises ValueError for one that is not https, unless it is of this
    machine."""
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1"))
    if url and not (safe and parts.hostname):
        raise ValueError("must begin with https://; http:// is for this machine alone")
    return url.rstrip("/")


def checked_origin(url: str) -> str:
    """The origin as browsers send it, in lower case. Raises ValueError for an address with anything behind it."""
    origin = checked_address(url).lower()
    if origin != "{0.scheme}://{0.netloc}".format(urlsplit(origin)) or "@" in origin or "*" in origin:
        raise ValueError("must be origins, such as https://app.example.com, without a path")
    return origin


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read all settings. Raises Permanent that names a setting and its fault, but not the value: it may be secret."""
    values = {name: environment.get(name.upper(), "").strip() for name in Settings.model_fields}
    given = {name: value for name, value in values.items() if value}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        faults = "; ".join(f"{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors(include_input=False))
        raise Permanent(f"the settings cannot be used: {faults}") from None
