"""What every command works with: the app that it calls, its output, and the machine around it."""

import os
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

import httpx
import typer

from outlast_cli.address import Address, find_address
from outlast_cli.api import Api, Wire
from outlast_cli.errors import CommandError
from outlast_cli.exit_codes import ExitCode
from outlast_cli.keys import Keys, SystemKeys
from outlast_cli.output import Output
from outlast_cli.profiles import profiles_path, read_profiles

ProfileOption = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="The app to call. Default: the current profile.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What commands use of the machine. Tests give another one. `clock` counts seconds, `now` is the time of day."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    keys: Keys = field(default_factory=SystemKeys)
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    browse: Callable[[str], bool] = webbrowser.open


class Session:
    def __init__(self, machine: Machine, output: Output, profile: str | None) -> None:
        self.machine = machine
        self.output = output
        self._profile = profile

    @cached_property
    def address(self) -> Address:
        """Raises Usage where no app is known."""
        profiles = read_profiles(profiles_path(self.machine.environ))
        return find_address(self.machine.environ, profiles, self.machine.keys, self._profile)

    @cached_property
    def api(self) -> Api:
        return self.api_of(self.address)

    def api_of(self, address: Address) -> Api:
        return Api(address, Wire(transport=self.machine.transport, sleep=self.machine.sleep))

    def close(self) -> None:
        if "api" in self.__dict__:
            self.api.close()


@contextmanager
def session(context: typer.Context, profile: str | None = None, as_json: bool = False) -> Iterator[Session]:
    """Yield the session of one command. An error is printed and becomes the exit code."""
    machine = context.find_object(Machine) or Machine()
    opened = Session(machine, Output(as_json=as_json, profile=profile), profile)
    try:
        yield opened
    except CommandError as error:
        opened.output.error(error)
        raise typer.Exit(int(error.code)) from error
    except KeyboardInterrupt:
        raise typer.Exit(int(ExitCode.INTERRUPTED)) from None
    finally:
        opened.close()
