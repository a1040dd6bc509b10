"""Closes the files of the local services to other users of the machine."""

import os
from pathlib import Path

OTHERS = 0o077  # the permissions of everybody but the owner


def keep_private() -> None:
    """Let this process and its children make files and folders for their owner alone."""
    os.umask(OTHERS)


def make_private(path: Path) -> None:
    """Remove the permissions of everybody else from a file or folder that belongs to this user."""
    state = path.stat()
    if state.st_uid == os.getuid():
        path.chmod(state.st_mode & 0o7777 & ~OTHERS)
