"""The app's own code, for the commands that work in a checkout. No other file of this package imports it."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from outlast_cli.errors import Usage

if TYPE_CHECKING:
    from outlast.testing import ReportResult as ReportResult
    from outlast.testing.sample import Sample as Sample

HINT = "Call it in a checkout of the app, by the command of its `.venv` (`make install`)."


def find_checkout(folder: Path) -> Path:
    """Return the nearest folder from here upwards that is a checkout; raise Usage where there is none."""
    for one in (folder, *folder.parents):
        if (one / "function_app.py").is_file() and (one / "outlast" / "report.py").is_file():
            return one
    raise Usage(f"{folder} is not in a checkout of the app, whose code this command needs", HINT)


def run_report(
    root: Path, report: str, file: Path, *, reference: Any = None, options: Mapping[str, str] | None = None
) -> "ReportResult":
    """Run a report of the checkout on a file. Raises Usage for a report or an input that a run would refuse."""
    with _code_of(root):
        from outlast.testing import run_report

        return run_report(report, file, reference=reference, options=options, folder=root / "reports")


def run_draft(
    root: Path, report: str, source: str, filename: str, data: bytes, options: Mapping[str, str] | None = None
) -> "ReportResult":
    """Run a report that is not in the checkout yet on an input. Raises Usage as `run_report` does."""
    with TemporaryDirectory(prefix="drafts_") as parent:
        folder = Path(parent) / Path(parent).name  # its name is a package's, which must not be that of another one
        folder.mkdir()
        (folder / f"{report}.py").write_text(source, encoding="utf-8")
        sys.path.insert(0, parent)
        try:
            with _code_of(root):
                from outlast.testing import run_report

                return run_report(report, data, options=options, filename=filename, folder=folder)
        except Usage as error:
            raise Usage(error.text.replace(folder.name, "reports"), error.hint) from error
        finally:
            sys.path.remove(parent)


def read_sample(root: Path, file: Path, options: Mapping[str, str]) -> "Sample":
    """Read the first rows of a file. Raises Usage for one that cannot be read."""
    with _code_of(root):
        from outlast.reading_options import ReadingOptions
        from outlast.testing.sample import read_sample

        return read_sample(file, ReadingOptions.model_validate(options).reading())


@contextmanager
def _code_of(root: Path) -> Iterator[None]:
    """Let the block import the checkout's code, and turn its refusals into Usage."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    try:
        from outlast.errors import OutlastError
        from outlast.inputs import BadInput
    except ImportError as error:
        raise Usage(f"The app's libraries are missing: {error}", HINT) from error
    try:
        yield
    except (OutlastError, BadInput) as error:
        raise Usage(str(error)) from error
    except ValueError as error:  # pydantic's, for an option
        raise Usage(str(error), "docs/api.md lists the options.") from error
