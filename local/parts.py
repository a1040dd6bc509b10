"""Host, database and inbox together, as processes that end with this one."""

import os
import socket
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from azure.cosmos import DatabaseProxy

from local.app_settings import sample_values
from local.child import Child, InboxProcess
from local.console import LocalError
from local.cosmos import EMULATOR_KEY
from local.host.process import HostProcess
from local.provision import containers_of, create_containers, load_samples, open_database


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Zero takes a free one."""

    host: int = 0
    cosmos: int = 0
    inbox: int = 0


class PortError(LocalError):
    """Another program listens where a part should."""


class Parts:
    """`with Parts(…) as parts:` has all three answering and the database filled; nothing is left after the block."""

    host: HostProcess
    cosmos: Child
    inbox: InboxProcess

    def __init__(self, app: Path, data: Path, ports: Ports, settings: Mapping[str, str]) -> None:
        """`settings` are the app's; those that are as in the sample are made to lead to these parts and this data."""
        self._app = app.resolve()
        self._data = data.resolve()
        self._ports = ports
        self._settings = settings
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        refuse_taken_ports(self._ports)
        with ExitStack() as stack:
            self.inbox = stack.enter_context(InboxProcess(self._data / "mails", self._ports.inbox))
            self.cosmos = stack.enter_context(self._cosmos())
            settings = self._settings_here()
            self.host = stack.enter_context(HostProcess(self._app, self._data / "host", self._ports.host, settings))
            with self.open_database() as database:
                create_containers(database, containers_of(self.host.url, self.host.function_key))
                load_samples(database, self._app / "samples" / "database")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def open_database(self) -> AbstractContextManager[DatabaseProxy]:
        """The app's database, for azure-cosmos."""
        return open_database(self.cosmos.url, EMULATOR_KEY, self._settings["COSMOS_DATABASE"])

    def watch(self) -> None:
        """Wait until a part ends, which none should; Ctrl-C ends the wait."""
        while True:
            for name, pid in (("host", self.host.pid), ("database", self.cosmos.pid), ("inbox", self.inbox.pid)):
                if has_ended(pid):
                    raise LocalError(f"The {name} ended by itself; its reason is above. Start again to go on.")
            time.sleep(0.5)

    def _cosmos(self) -> Child:
        return Child("cosmos", "--port", str(self._ports.cosmos), "--data", str(self._data / "cosmos"))

    def _settings_here(self) -> dict[str, str]:
        here = {
            "COSMOS_ENDPOINT": self.cosmos.url,
            "SENDGRID_HOST": self.inbox.url,
            "STAGING_URL": (self._data / "staging").as_uri(),
        }
        usual = sample_values(self._app)
        return {
            name: here.get(name, value) if value == usual.get(name) else value for name, value in self._settings.items()
        }


def has_ended(pid: int) -> bool:
    """Whether that child is gone; its exit code is left for the one who started it."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def refuse_taken_ports(ports: Ports) -> None:
    taken = [
        f"Port {port} is taken by another program; choose another for the {part} with {option}."
        for part, port, option in (
            ("host", ports.host, "--host-port"),
            ("database", ports.cosmos, "--cosmos-port"),
            ("inbox", ports.inbox, "--inbox-port"),
        )
        if port and is_taken(port)
    ]
    if taken:
        raise PortError("\n".join(taken))


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just left is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
