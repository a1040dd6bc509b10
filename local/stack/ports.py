"""The ports of the services, and the error when another program uses one."""

import socket
from dataclasses import dataclass

from local.console import LocalError


@dataclass(frozen=True, kw_only=True)
class Ports:
    """0 means a free port."""

    host: int = 0
    cosmos: int = 0
    inbox: int = 0


class PortError(LocalError):
    """Another program listens on a service's port."""


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
        raise PortError("\n".join([*taken, "With make: make serve ARGS='--host-port 7072'."]))


def is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port that was just left is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False
