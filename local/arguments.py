"""Types of command line arguments, which refuse a wrong value at once instead of letting it fail later."""

from argparse import ArgumentTypeError
from pathlib import Path


def port(text: str) -> int:
    """Parse a port, or 0 for a free one."""
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise ArgumentTypeError(f"{text} is no port: a number from 1 to 65535 is wanted, or 0 for a free one")
    return int(text)


def folder(text: str) -> Path:
    """Parse the name of an existing folder."""
    path = Path(text)
    if not path.is_dir():
        raise ArgumentTypeError(f"{text} is no folder")
    return path


def new_file(text: str) -> Path:
    """Create or empty a file, so that its old content is not taken for the result."""
    path = Path(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("w").close()
    except OSError as error:
        raise ArgumentTypeError(f"{text} cannot be written: {error.strerror}") from error
    return path
