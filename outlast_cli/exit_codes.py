"""The exit codes of every command. docs/command.md explains them, which a test compares."""

from enum import IntEnum


class ExitCode(IntEnum):
    DONE = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    KEY = 4
    MISSING = 5
    CONFLICT = 6
    WAITING = 7
    INTERRUPTED = 130
