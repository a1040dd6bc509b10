"""What the local commands say, and how: plain lines, flushed, so that a pipe sees them at once."""

import sys


def say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
