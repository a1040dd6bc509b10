"""Nothing in the deployment is a key, a connection string or a password."""

import re
from pathlib import Path

import pytest

from tests.unit.infra.infra_files import BICEP, INFRA, ROOT

FILES = [*sorted(path for path in INFRA.rglob("*") if path.is_file()), ROOT / "azure.yaml"]
KEYS = re.compile(
    r"listKeys|listConnectionStrings|listAccountSas|AccountKey=|SharedAccess|primaryKey|MasterKey|InstrumentationKey"
    r"|COSMOS_KEY|password|AzureWebJobsStorage:",
    re.IGNORECASE,
)
"""Ways to read or to write a key. `AzureWebJobsStorage` alone would be a connection string."""
REFUSED = {
    "storage.bicep": ["allowSharedKeyAccess: false", "allowBlobPublicAccess: false"],
    "cosmos.bicep": ["disableLocalAuth: true"],
    "site.bicep": ["name: 'ftp'\n  properties: { allow: false }", "name: 'scm'\n  properties: { allow: false }"],
    "vault.bicep": ["enableRbacAuthorization: true"],
}
"""What makes each service refuse a key."""


def without_comments(text: str) -> str:
    return re.sub(r"//.*", "", text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_has_a_key(path: Path) -> None:
    """No file of the deployment reads a key from a service, or has one in it."""
    assert KEYS.findall(without_comments(path.read_text("utf-8"))) == []


def test_connection_strings_hold_no_key() -> None:
    """Application Insights is named by its connection string, which opens nothing: the app sends by identity. That of
    the scheduler names an identity."""
    text = "".join(map(without_comments, BICEP.values()))
    names = set(re.findall(r"[A-Za-z]\w*connection_?string\b", text, re.IGNORECASE))
    assert names == {"APPLICATIONINSIGHTS_CONNECTION_STRING", "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"}
    (value,) = re.findall(r"DURABLE_TASK_SCHEDULER_CONNECTION_STRING: '(.*)'", text)
    assert value == "Endpoint=${scheduler!.properties.endpoint};Authentication=ManagedIdentity;ClientID=${clientId}"


@pytest.mark.parametrize("name", REFUSED)
def test_every_service_refuses_keys(name: str) -> None:
    """Storage, database, vault and publishing accept identities only."""
    assert [line for line in REFUSED[name] if line not in BICEP[name]] == []


@pytest.mark.parametrize("name", ["sendgridApiKey", "smtpUrl", "webhookSecret", "linkSecret", "otlpHeaders"])
def test_a_secret_is_a_secure_parameter(name: str) -> None:
    """Each secret is secure in each file that takes it, has no default, and is no output."""
    takers = [text for text in BICEP.values() if f"param {name}" in text]
    assert len(takers) == 2
    assert all(re.search(rf"@secure\(\)\n(@.*\n)?param {name} string( = '')?\n", text) for text in takers)
    assert not re.search(rf"^output .*{name}", "\n".join(takers), re.MULTILINE)
