"""Makes the package that azd publishes: the files that `.funcignore` does not name, as a zip."""

import zipfile
from functools import cache
from pathlib import Path

from tests.unit.infra.infra_files import ROOT
from tests.unit.test_publish import is_left_out


@cache
def package_files() -> tuple[Path, ...]:
    """Return the files of a package made in this folder, relative to it."""
    tops = [path for path in ROOT.iterdir() if not is_left_out(Path(path.name))]
    paths = [path for top in tops for path in (top.rglob("*") if top.is_dir() else [top]) if path.is_file()]
    return tuple(sorted(found for path in paths if not is_left_out(found := path.relative_to(ROOT))))


def unpack_package(folder: Path) -> Path:
    """Make the package, unpack it into a folder of this folder, and return that."""
    with zipfile.ZipFile(folder / "package.zip", "w") as package:
        for path in package_files():
            package.write(ROOT / path, path)
    with zipfile.ZipFile(folder / "package.zip") as package:
        package.extractall(folder / "app")
    return folder / "app"
