"""Puts the files of a new report into a checkout: all of them, or none."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from outlast_cli.errors import Usage

REPORTS, TESTS = Path("reports"), Path("tests/unit/reports")


def places_of(name: str, ending: str) -> tuple[Path, Path, Path]:
    """Report, test and sample of a report, below the checkout."""
    return REPORTS / f"{name}.py", TESTS / f"test_{name}.py", TESTS / f"{name}{ending}"


def refuse_taken(root: Path, name: str, endings: Iterable[str]) -> None:
    """Raise Usage where a file of that report is there."""
    for ending in endings:
        for path in places_of(name, ending):
            if (root / path).exists():
                raise Usage(f"{path} is there already", "Take another name, or --force")


def place(root: Path, files: Mapping[Path, bytes]) -> None:
    """Write each file beside its place first, so that one that cannot be written leaves all as they are."""
    beside = {root / path: (root / path).with_name(f".{path.name}.new") for path in files}
    try:
        for (path, written), content in zip(beside.items(), files.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            written.write_bytes(content)
        for path, written in beside.items():
            written.replace(path)
    except OSError as error:
        raise Usage(f"{error.filename} cannot be written: {error.strerror}") from error
    finally:
        for written in beside.values():
            with suppress(OSError):
                written.unlink(missing_ok=True)
