"""What may be read below a `file://` location: regular files whose real path lies inside it."""

import errno
import os
import re
import stat
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

SCHEME = "file://"
_UNFINISHED = re.compile(r".+#[0-9]+")


def quoted(url: str) -> str:
    """The URL with its blanks and other letters as percent signs, which the store needs."""
    return quote(url, safe=":/%")


def is_refused(url: str, path: str) -> bool:
    """Whether the path exists and is a pipe, a device or a link that leads outside.

    A location that is no `file://` URL has neither. Reading a pipe would wait until the host ends the worker.
    """
    if not url.startswith(SCHEME):
        return False
    root = _root(url)
    try:
        mode = _mode_without_links(str(root), path)
        if mode is None:
            real = os.path.realpath(root / path)
            mode = os.stat(real).st_mode  # noqa: PTH116  # this runs for each file that is read, and a Path costs more
            if not Path(real).is_relative_to(root):
                return True
    except RuntimeError:  # links in a circle
        return True
    except (OSError, ValueError) as error:  # a missing file or an unusable name is left to the store
        return getattr(error, "errno", None) == errno.ELOOP
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _mode_without_links(root: str, path: str) -> int | None:
    """The mode of what is at the path; None where a link or a name that leads up decides what that is.

    `realpath` asks for each folder above the root, too, which is four times the work for most files.
    """
    here, mode = root, None
    for name in path.split("/"):
        if name in ("", ".", "..") or os.sep in name:
            return None
        here = f"{here}/{name}"
        mode = os.lstat(here).st_mode
        if stat.S_ISLNK(mode):
            return None
    return mode


def remove_empty_folders(url: str, folder: str) -> None:
    """Remove a folder below a `file://` location and those in it, as far as they are empty. Links are not followed."""
    if not url.startswith(SCHEME):
        return
    for path, _, _ in os.walk(_root(url) / folder, topdown=False):
        with suppress(OSError):  # it is not empty, or gone already
            Path(path).rmdir()


def remove_unfinished(url: str, folder: str, before: datetime | None = None) -> None:
    """Remove the files below a folder of a `file://` location to which a store that was killed has written.

    The store writes `NAME#1` and gives it its name at the end. `before` is when the last of it was written, at
    most; without it, all of them are removed.
    """
    if not url.startswith(SCHEME):
        return
    for path in (_root(url) / folder).rglob("*#*"):
        with suppress(OSError):
            old = before is None or path.stat().st_mtime <= before.timestamp()
            if old and _UNFINISHED.fullmatch(path.name):
                path.unlink()


@lru_cache(16)
def _root(url: str) -> Path:
    return Path(url2pathname(urlsplit(quoted(url)).path)).resolve()
