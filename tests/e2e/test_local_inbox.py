import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Mail

from local.child import Child
from local.stack.service import inbox_service


def send(inbox: Child, subject: str) -> int:
    client = SendGridAPIClient("SG.any.key", host=inbox.url)
    mail = Mail("reports@example.com", "ops@example.com", subject, plain_text_content="Row 3 was bad.")
    status: int = client.send(mail).status_code
    return status


def subjects(inbox: Child) -> list[str]:
    with urlopen(f"{inbox.url}/api/mails", timeout=10) as answer:
        return [mail["subject"] for mail in json.load(answer)["mails"]]


def test_the_sendgrid_client_delivers_to_it() -> None:
    """SendGrid's own client gets 202 from the inbox, and the email arrives."""
    with inbox_service() as inbox:
        assert send(inbox, "A run failed") == 202
        assert subjects(inbox) == ["A run failed"]


def test_mails_outlive_a_kill(tmp_path: Path) -> None:
    """An accepted email is there after the inbox is killed and started again on the same folder."""
    with inbox_service(tmp_path) as inbox:
        send(inbox, "Kept")
        inbox.kill()
    with inbox_service(tmp_path) as inbox:
        assert subjects(inbox) == ["Kept"]


def test_it_ends_with_its_parent() -> None:
    """An inbox whose parent is killed ends by itself."""
    script = (
        "import os; from local.stack.service import inbox_service; inbox_service().__enter__(); os.kill(os.getpid(), 9)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.PIPE)
    assert parent.stderr
    parent.stderr.read()  # ends when nobody holds it any more: parent and inbox are gone
    parent.stderr.close()
    assert parent.wait() == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    """An inbox that is started alone prints its address and exits with 0 on SIGINT and SIGTERM."""
    command = [sys.executable, "-m", "local", "inbox", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline().startswith("inbox ready: http://127.0.0.1:")
    os.kill(process.pid, number)
    process.communicate(timeout=10)
    assert process.returncode == 0


def test_a_taken_port_is_named_with_its_option() -> None:
    """An inbox on a port in use exits with 1 and names the port and the option that changes it."""
    with inbox_service() as inbox:
        port = inbox.url.rpartition(":")[2]
        command = [sys.executable, "-m", "local", "inbox", "--port", port]
        second = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert second.returncode == 1
    assert port in second.stderr
    assert "--port" in second.stderr


def test_it_is_told_its_answers_over_http() -> None:
    """The inbox gives the answers that another process sets over HTTP."""
    with inbox_service() as inbox:
        told = Request(f"{inbox.url}/api/answers", b"[500]", {"Content-Type": "application/json"})
        assert urlopen(told, timeout=10).status == 204
        with pytest.raises(Exception, match="500"):
            send(inbox, "Refused")
        assert subjects(inbox) == []
