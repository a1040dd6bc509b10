"""Azurite, Microsoft's emulator of Azure Blob Storage, as a process that takes tokens of Entra ID alone."""

import os
import re
import ssl
import subprocess
import urllib.request
from collections.abc import Mapping
from email.utils import formatdate
from pathlib import Path
from typing import Self

from tests.cloud.certificate import make_certificate
from tests.cloud.identity import make_token
from tests.e2e.local_command import eventually
from tests.node_packages import MODULES, needed_node

PACKAGE = "azurite@3.37.0"
ACCOUNT = "outlasttests"
RESOURCE = "https://storage.azure.com"
KEY = "AAAA"
"""Azurite needs a key for an account. Nothing signs with it."""
START_SECONDS = 60


class Azurite:
    """`with Azurite(folder) as azurite:` runs it on a free port, with its data in the folder."""

    def __init__(self, folder: Path) -> None:
        self._node = needed_node(PACKAGE)
        self._folder = folder
        self.certificate = make_certificate(folder)
        self._log = folder / "azurite.log"
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=log, env=self._environment())
        eventually(lambda: self._ready() is not None, START_SECONDS)
        ready = self._ready()
        if ready is None:
            self.__exit__()
            raise AssertionError(f"Azurite did not start: {self._log.read_text('utf-8')}")
        self._port = int(ready[1])
        return self

    def __exit__(self, *error: object) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    @property
    def trust(self) -> Mapping[str, str]:
        """The variable of the environment by which a client trusts Azurite's certificate."""
        return {"SSL_CERT_FILE": str(self.certificate.certificate)}

    def url(self, container: str, folder: str = "") -> str:
        """Return the location of a folder, as STAGING_URL takes it."""
        return f"https://127.0.0.1:{self._port}/{ACCOUNT}/{container}{'/' if folder else ''}{folder}"

    def make_container(self, name: str) -> None:
        """Make a container, as the deployment does."""
        self._send("PUT", f"{self.url(name)}?restype=container", b"", {})

    def upload(self, container: str, path: str, data: bytes) -> None:
        """Upload a file, as somebody does who prepares an input."""
        self._send("PUT", self.url(container, path), data, {"x-ms-blob-type": "BlockBlob"})

    def files(self, container: str) -> list[str]:
        """Return the path of each file of a container, at most 5,000."""
        listed = self._send("GET", f"{self.url(container)}?restype=container&comp=list", None, {})
        return re.findall(r"<Name>([^<]+)</Name>", listed.decode())

    def _send(self, method: str, url: str, data: bytes | None, more: Mapping[str, str]) -> bytes:
        headers = {
            "Authorization": f"Bearer {make_token(RESOURCE, 60)}",
            "x-ms-version": "2023-11-03",
            "x-ms-date": formatdate(usegmt=True),
            **more,
        }
        request = urllib.request.Request(url, data, headers, method=method)
        trusting = ssl.create_default_context(cafile=str(self.certificate.certificate))
        with urllib.request.urlopen(request, timeout=30, context=trusting) as answer:
            return bytes(answer.read())

    def _ready(self) -> re.Match[str] | None:
        return re.search(r"successfully listens on \S+:(\d+)", self._log.read_text("utf-8"))

    def _command(self) -> list[str]:
        files = ("--cert", str(self.certificate.certificate), "--key", str(self.certificate.key))
        place = ("--blobPort", "0", "--location", str(self._folder / "data"))
        script = str(MODULES / "azurite/dist/src/blob/main.js")
        quiet = ("--silent", "--disableTelemetry", "--skipApiVersionCheck")
        return [self._node, script, *place, "--oauth", "basic", *files, *quiet]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}
