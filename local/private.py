"""Keeps what the local services write from the other users of the machine."""

import os
from pathlib import Path

OTHERS = 0o077  # the permissions of everybody but the owner


def keep_private() -> None:
    """Lets this process and its children make files and folders for their owner alone."""
    os.umask(OTHERS)


def make_private(path: Path) -> None:
    """Takes the permissions on a file or folder of ours from everybody else."""
    state = path.stat()
    if state.st_uid == os.getuid():
        path.chmod(state.st_mode & 0o7777 & ~OTHERS)
