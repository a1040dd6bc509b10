import socket

import pytest

from local.stack.ports import PortError, Ports, refuse_taken_ports


def test_every_taken_port_is_named_with_its_option() -> None:
    """The error for two ports in use names both, each with the option that changes it."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        taken = Ports(host=one.getsockname()[1], inbox=two.getsockname()[1])
        with pytest.raises(PortError) as refusal:
            refuse_taken_ports(taken)
    first, second, _ = str(refusal.value).splitlines()
    assert str(taken.host) in first
    assert "--host-port" in first
    assert str(taken.inbox) in second
    assert "--inbox-port" in second


def test_free_ports_are_taken_as_they_come() -> None:
    """Port 0 is never refused, because the system then chooses a free port."""
    refuse_taken_ports(Ports())
