"""What ends a command early: a text, what to do next, and the exit code."""

from collections.abc import Mapping
from typing import Any

from outlast_cli.exit_codes import ExitCode


class CommandError(Exception):
    """An error that is shown without a traceback.

    `text` says what failed, `hint` what to do next. `problem` is the app's answer (RFC 9457), if there was one.
    """

    def __init__(
        self, text: str, code: ExitCode, hint: str | None = None, problem: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.hint = hint
        self.problem = problem


class Usage(CommandError):
    """The command cannot do what it was called with."""

    def __init__(self, text: str, hint: str | None = None) -> None:
        super().__init__(text, ExitCode.USAGE, hint)


class Unreachable(CommandError):
    """The app gave no answer, or none that is one."""

    def __init__(self, text: str, hint: str | None = None, problem: Mapping[str, Any] | None = None) -> None:
        super().__init__(text, ExitCode.UNREACHABLE, hint, problem)
