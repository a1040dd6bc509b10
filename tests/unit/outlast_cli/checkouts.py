"""Checkouts with this code and without reports, for the commands that need one."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def make_checkout(folder: Path) -> Path:
    for name in ("outlast", "outlast_cli", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "function_app.py").touch()
    (folder / "reports").mkdir()
    (folder / "reports" / "__init__.py").touch()
    return folder
