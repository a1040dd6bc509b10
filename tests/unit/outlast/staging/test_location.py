import pytest

from outlast.errors import Permanent
from outlast.staging.location import BlobLocation, blob_location

CLOUD = "https://reports.blob.core.windows.net"
ANOTHER = "https://another.blob.core.windows.net"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (f"{CLOUD}/staging/outlast", BlobLocation("reports", CLOUD, "staging", "outlast")),
        (f"{CLOUD}/staging", BlobLocation("reports", CLOUD, "staging", "")),
        (f"{CLOUD}/staging/a%20folder/%C3%A4/", BlobLocation("reports", CLOUD, "staging", "a folder/ä")),
        (
            "https://reports.blob.core.usgovcloudapi.net/staging",
            BlobLocation("reports", "https://reports.blob.core.usgovcloudapi.net", "staging", ""),
        ),
        (
            "https://reports.z07.blob.storage.azure.net/staging",
            BlobLocation("reports", "https://reports.z07.blob.storage.azure.net", "staging", ""),
        ),
        (
            "https://127.0.0.1:10000/reports/staging/outlast",
            BlobLocation("reports", "https://127.0.0.1:10000/reports", "staging", "outlast"),
        ),
        (
            "az://staging/outlast",
            BlobLocation("another", "https://another.blob.core.windows.net", "staging", "outlast"),
        ),
        ("az://staging", BlobLocation("another", "https://another.blob.core.windows.net", "staging", "")),
    ],
)
def test_a_url_names_account_container_and_folder(url: str, found: BlobLocation) -> None:
    """A URL names its account itself, in every cloud and in an emulator; `az://` takes that of the setting."""
    assert blob_location(url, "another") == found


@pytest.mark.parametrize("account", ["", "Reports", "a-b", "x" * 25, "evil.example/"])
def test_a_short_url_needs_an_account(account: str) -> None:
    """An `az://` URL without a usable account names the setting that is missing."""
    with pytest.raises(Permanent, match="names no account; set AZURE_STORAGE_ACCOUNT_NAME, or give it as https://"):
        blob_location("az://staging/outlast", account)


@pytest.mark.parametrize(
    "url",
    [
        f"{CLOUD}/staging?sig=s3",
        f"{CLOUD}/staging#part",
        f"{CLOUD}/",
        f"{CLOUD}/Staging",
        f"{CLOUD}/st",
        "https://user:word@reports.blob.core.windows.net/staging",
        "http://reports.blob.core.windows.net/staging",
        "https://reports.dfs.core.windows.net/staging",
        "https://example.org/staging",
        "https://[half/staging",
        "https://127.0.0.1/",
        "az://staging?sig=s3",
        "az:///outlast",
        "s3://staging/outlast",
    ],
)
def test_what_names_no_container_is_refused(url: str) -> None:
    """A signature, another service and a name that no container can have are refused without repeating the URL."""
    with pytest.raises(Permanent, match="does not open; give it as https://ACCOUNT") as caught:
        blob_location(url, "another")
    assert url not in str(caught.value)
