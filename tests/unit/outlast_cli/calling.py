"""Runs the command in this process: against answers that a test gives, with a keyring and a folder of its own."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from outlast_cli.main import app
from outlast_cli.profiles import Profile, Profiles, profiles_path, write_profiles
from outlast_cli.session import Machine

URL, KEY = "https://app.example.com", "s3cret"
Answers = Mapping[str, Any]
"""By `METHOD path`: JSON, an httpx.Response, an exception, a function of the request, or a list of these, of which the
last is repeated."""


@dataclass
class MemoryKeys:
    """A keyring; `works` is False for a machine that has none."""

    works: bool = True
    kept: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        return self.kept.get(name)

    def put(self, name: str, key: str) -> bool:
        if self.works:
            self.kept[name] = key
        return self.works

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)


@dataclass(frozen=True)
class Called:
    code: int
    out: str
    err: str
    requests: list[httpx.Request]
    out_bytes: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Caller:
    """A machine with one profile, `app`. Its clock goes on by what is slept, and by nothing else."""

    home: Path
    answers: Answers = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    keys: MemoryKeys = field(default_factory=MemoryKeys)
    at: float = 0.0
    browsed: list[str] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    on_sleep: Callable[[float], None] = lambda seconds: None

    def __post_init__(self) -> None:
        self.environ = {"XDG_CONFIG_HOME": str(self.home), **self.environ}
        self.keep(Profiles(current="app", named={"app": Profile(url=URL, key=KEY)}))
        self._left: dict[str, Iterator[Any]] = {}

    @property
    def profiles(self) -> Path:
        return profiles_path(self.environ)

    def keep(self, profiles: Profiles) -> None:
        write_profiles(self.profiles, profiles)

    def __call__(self, *arguments: str, stdin: str | bytes | None = None) -> Called:
        self.requests.clear()
        machine = Machine(
            environ=self.environ,
            keys=self.keys,
            transport=httpx.MockTransport(self._answer),
            sleep=self._sleep,
            clock=lambda: self.at,
            now=lambda: 1_700_000_000 + self.at,
            browse=self._browse,
        )
        done = CliRunner().invoke(app, list(arguments), input=stdin, obj=machine)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Called(done.exit_code, done.stdout, done.stderr, list(self.requests), done.stdout_bytes)

    def _sleep(self, seconds: float) -> None:
        self.at += seconds
        self.on_sleep(seconds)

    def _browse(self, url: str) -> bool:
        self.browsed.append(url)
        return True

    def _answer(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        return respond(self._given(f"{request.method} {request.url.path}"), request)

    def _given(self, what: str) -> Any:
        given = self.answers.get(what, httpx.Response(404))
        if not isinstance(given, list):
            return given
        return next(self._left.setdefault(what, repeating(given)))


def repeating(answers: list[Any]) -> Iterator[Any]:
    yield from answers
    while True:
        yield answers[-1]


def respond(given: Any, request: httpx.Request) -> httpx.Response:
    if isinstance(given, Exception):
        raise given
    if callable(given):
        given = given(request)
    return given if isinstance(given, httpx.Response) else httpx.Response(200, json=given)


def problem(status: int, detail: str, **more: Any) -> httpx.Response:
    body = {"type": "about:blank", "title": "Refused", "status": status, "detail": detail, **more}
    return httpx.Response(status, json=body)
