"""The app's settings on this machine: local.settings.json, as the Core Tools use it, and the environment, which beats
it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.console import LocalError
from local.private import make_private

APP = Path(__file__).parents[2]
FILE = "local.settings.json"
SAMPLE = "local.settings.sample.json"


class SettingsError(LocalError):
    """local.settings.json cannot be parsed."""


def app_settings(app: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the app's settings: the environment beats the file, and the file beats the sample."""
    values = {**sample_values(app), **file_values(app / FILE)}
    return {name: environment.get(name, value) for name, value in values.items()}


def copy_sample(app: Path) -> bool:
    """Make local.settings.json from the sample if it is missing; return whether it was made. People put keys there."""
    if (app / FILE).exists():
        make_private(app / FILE)
        return False
    if not (app / SAMPLE).exists():
        return False
    settings = {"IsEncrypted": False, "Values": sample_values(app)}
    (app / FILE).touch(mode=0o600)
    (app / FILE).write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    return True


def sample_values(app: Path) -> dict[str, str]:
    """Return the sample's values, with this folder in place of `{folder}`, because a file URL has to be absolute."""
    sample = app / SAMPLE if (app / SAMPLE).exists() else APP / SAMPLE
    folder = app.resolve().as_uri().removeprefix("file://")
    return {name: value.replace("{folder}", folder) for name, value in file_values(sample).items()}


def file_values(path: Path) -> dict[str, str]:
    """Return the `Values` of a settings file, or nothing if the file is missing."""
    if not path.exists():
        return {}
    try:
        settings: Any = json.loads(path.read_text(encoding="utf-8-sig"))
        values = settings.get("Values", {})
        return {str(name): str(value) for name, value in values.items()}
    except (ValueError, AttributeError) as error:
        raise SettingsError(
            f"{path} is not the JSON of {SAMPLE}: {error}. Correct it, or delete it for a copy."
        ) from error
