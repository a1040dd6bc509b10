"""Starts a run: the file itself in the request if it is small, an upload or a name otherwise."""

import json
import shlex
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from outlast_cli.api import Api, read_json
from outlast_cli.errors import Unreachable, Usage

MOST_INLINE = 32 * 1024 * 1024
"""Bytes of a file that goes into the request. The app's limit is the same."""
LONGEST_KEY = 255
"""Characters of an Idempotency-Key, as the app has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What is asked for. `key` makes a repeat after a lost answer the same run."""

    report: str
    key: str
    options: Mapping[str, str]
    parameters: Mapping[str, str]

    @property
    def path(self) -> str:
        return f"/api/reports/{quote(self.report, safe='')}"

    def with_file(self, api: Api, data: bytes, name: str | None) -> dict[str, Any]:
        """Return the app's answer. Options and parameters are in the query."""
        named = {"filename": name} if name else {}
        query = {**named, **self.options, **self.parameters}
        return self._send(api, query, data, "application/octet-stream")

    def with_input(self, api: Api, inputs: Sequence[str]) -> dict[str, Any]:
        """Start with files of the inputs location. Options and parameters are in the body."""
        asked = {
            "input": inputs[0] if len(inputs) == 1 else list(inputs),
            "options": self.options,
            "parameters": self.parameters,
        }
        return self._send(api, {}, json.dumps(asked).encode(), "application/json")

    def _send(self, api: Api, query: Mapping[str, str], data: bytes, kind: str) -> dict[str, Any]:
        headers = {"Idempotency-Key": self.key, "Content-Type": kind}
        answer: dict[str, Any] = read_json(
            api.call("POST", self.path, query=query, content=data, headers=headers, repeat=True)
        )
        return answer


def key_of(given: str | None) -> str:
    """Return the Idempotency-Key that is given, or a new one. Raise Usage for one that the app would refuse."""
    if given is None:
        return f"outlast-{uuid.uuid4()}"
    if not 0 < len(given) <= LONGEST_KEY or not given.isascii() or not given.isprintable() or given != given.strip():
        raise Usage(f"--key must be 1 to {LONGEST_KEY} printable ASCII characters without blanks around them")
    return given


def read_pairs(given: Sequence[str], option: str) -> dict[str, str]:
    """Return `NAME=VALUE` texts as a dictionary; raise Usage for another form and for a name that comes twice."""
    pairs: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise Usage(f"{option} {text}: NAME=VALUE is wanted")
        if name in pairs:
            raise Usage(f"{option} {name} is given twice")
        pairs[name] = value
    return pairs


@contextmanager
def local_files(names: Sequence[str], stdin: Callable[[], IO[bytes]]) -> Iterator[list[Path]]:
    """Yield the files, with standard input as a temporary file in place of `-`. Raise Usage for one that is missing."""
    with tempfile.TemporaryDirectory(prefix="outlast-") as folder:
        yield [_received(stdin(), Path(folder)) if name == "-" else _existing(name) for name in names]


def name_of(file: Path) -> str:
    """Return the file's name, with `?` for each byte that is no UTF-8, which a request cannot have."""
    return file.name.encode("utf-8", "replace").decode()


def _existing(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        hint = "A file of the app's inputs location is named with --input."
        raise Usage(f"{name} is not a file on this machine", hint)
    return path


def _received(stdin: IO[bytes], folder: Path) -> Path:
    path = folder / "input"
    with path.open("wb") as file:
        while piece := stdin.read(1024 * 1024):
            file.write(piece)
    return path


def lost_answer(error: Unreachable, report: str, given: Sequence[str], key: str) -> Unreachable:
    """The same error with the command that asks again without a second run."""
    again = shlex.join(["outlast", "run", report, *given, "--key", key])
    return Unreachable(error.text, f"Whether the run was started is not known. This is the same run: {again}")
