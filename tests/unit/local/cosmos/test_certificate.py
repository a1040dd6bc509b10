"""TLS of the emulator."""

import ssl
import stat
from http.client import HTTPSConnection
from pathlib import Path

import orjson
import pytest

from local.cosmos.certificate import CERTIFICATE, PRIVATE_KEY, tls_context, trusted_by
from local.cosmos.control import Control
from local.cosmos.process import CosmosProcess
from tests.contract.cosmos_emulator.clients import Raw


def test_a_certificate_is_made_once_and_its_key_is_for_the_owner(tmp_path: Path) -> None:
    """The second start uses the certificate of the first, and only the owner can read the key."""
    folder = tmp_path / "tls"
    _, certificate = tls_context(folder)
    made = certificate.read_bytes()
    tls_context(folder)
    assert certificate.read_bytes() == made
    assert stat.S_IMODE((folder / PRIVATE_KEY).stat().st_mode) == 0o600
    assert str(certificate.absolute()) in trusted_by(certificate)


def test_a_client_that_trusts_the_certificate_connects(tmp_path: Path) -> None:
    """Over TLS a client that checks strictly, as Python does from 3.13 on, is served with the certificate, also at the
    address that the account names; one without the certificate does not connect."""
    with CosmosProcess(tmp_path, options=("--tls",)) as process:
        host, port = process.url.removeprefix("https://").split(":")
        context = ssl.create_default_context(cafile=tmp_path / CERTIFICATE)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        headers = Raw(process.url, process.key).signed("GET", "", "")
        connection = HTTPSConnection(host, int(port), context=context, timeout=10)
        connection.request("GET", "/", headers=headers)
        account = orjson.loads(connection.getresponse().read())
        connection.close()
        assert account["writableLocations"][0]["databaseAccountEndpoint"] == f"{process.url}/"
        assert Control(process.url).state() == []
        with pytest.raises(ssl.SSLCertVerificationError):
            HTTPSConnection(host, int(port), context=ssl.create_default_context(), timeout=10).request("GET", "/")
