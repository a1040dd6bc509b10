"""The local commands: `python -m local COMMAND`. A command's module is imported only when it is called, so that every
command starts quickly."""

import os
import signal
import sys
from importlib import import_module
from io import TextIOWrapper
from threading import Thread

from local.console import LocalError, complain, say
from local.private import keep_private

COMMANDS = {
    "demo": ("local.demo.main_job", "the whole job on a sample, then a broken file; ends by itself"),
    "serve": ("local.stack.serve", "host, database and inbox together, staying up, data kept in .local/"),
    "logs": ("local.stack.logs_command", "the app's events and warnings under serve, of one run with --run"),
    "query": ("local.stack.query_command", "rows from a container of the database"),
    "host": ("local.host", "the Functions host alone"),
    "cosmos": ("local.cosmos.cli", "the Cosmos DB emulator alone"),
    "inbox": ("local.inbox.server", "the mail inbox alone"),
}


def main(argv: list[str]) -> int:
    if argv[:1] == ["--with-parent"]:
        Thread(target=end_with_parent, daemon=True).start()
        argv = argv[1:]
    name = argv[0] if argv else "--help"
    if name in ("-h", "--help"):
        say(usage())
        return 0
    if name not in COMMANDS:
        complain(f"There is no command {name!r}.\n\n{usage()}")
        return 2
    module, _ = COMMANDS[name]
    try:
        code: int = import_module(module).main(argv[1:])
    except LocalError as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        return 130  # as shells count it
    except BrokenPipeError:  # as with `| head`; what is left in the buffer has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def end_with_parent() -> None:
    """End this process when its standard input ends: a pipe that the parent holds open until it dies."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def usage() -> str:
    lines = [f"  {name:<8}{text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join(["python -m local COMMAND [--help]", *lines])


if __name__ == "__main__":
    keep_private()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # what the terminal cannot show is a question mark, not an end
    sys.exit(main(sys.argv[1:]))
