"""What may be read below a `file://` location: regular files whose real path lies inside it."""

import errno
import stat
from pathlib import Path
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

SCHEME = "file://"


def quoted(url: str) -> str:
    """The URL with its blanks and other letters as percent signs, which the store needs."""
    return quote(url, safe=":/%")


def is_refused(url: str, path: str) -> bool:
    """Whether the path exists and is a pipe, a device or a link that leads outside.

    A location that is no `file://` URL has neither. Reading a pipe would wait until the host ends the worker.
    """
    if not url.startswith(SCHEME):
        return False
    root = Path(url2pathname(urlsplit(quoted(url)).path)).resolve()
    try:
        real = (root / path).resolve()
        mode = real.stat().st_mode
    except RuntimeError:  # links in a circle
        return True
    except (OSError, ValueError) as error:  # a missing file or an unusable name is left to the store
        return getattr(error, "errno", None) == errno.ELOOP
    return not real.is_relative_to(root) or not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
