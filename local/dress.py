"""The style that the pages on this machine share with the page of the app."""

from pathlib import Path

DRESS = (Path(__file__).parents[1] / "ui" / "base.css").read_text(encoding="utf-8")
