import json
from pathlib import Path

import pytest

from local.stack.settings import FILE, SAMPLE, SettingsError, app_settings, copy_sample, sample_values


def write(folder: Path, name: str, values: dict[str, str]) -> None:
    (folder / name).write_text(json.dumps({"IsEncrypted": False, "Values": values}))


def test_the_environment_beats_the_file_and_the_file_the_sample(tmp_path: Path) -> None:
    """A setting comes from the environment, else from local.settings.json, else from the sample."""
    write(tmp_path, SAMPLE, {"A": "sample", "B": "sample", "C": "sample"})
    write(tmp_path, FILE, {"A": "file", "B": "file"})
    assert app_settings(tmp_path, {"A": "environment"}) == {"A": "environment", "B": "file", "C": "sample"}


def test_the_sample_is_copied_with_this_folder_in_it(tmp_path: Path) -> None:
    """The copy of the sample has the folder's URL in place of {folder}, with blanks encoded."""
    folder = tmp_path / "a b"
    folder.mkdir()
    write(folder, SAMPLE, {"STAGING_URL": "file://{folder}/.local/staging"})
    assert copy_sample(folder)
    values = json.loads((folder / FILE).read_text())["Values"]
    assert values["STAGING_URL"] == f"file://{tmp_path}/a%20b/.local/staging"


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """A copy of the sample is made with mode 0600, and a file that others could read is closed to them."""
    write(tmp_path, SAMPLE, {"A": "sample"})
    copy_sample(tmp_path)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    (tmp_path / FILE).chmod(0o644)
    copy_sample(tmp_path)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    """A local.settings.json that exists is not overwritten by the sample."""
    write(tmp_path, SAMPLE, {"A": "sample"})
    write(tmp_path, FILE, {"A": "mine"})
    assert not copy_sample(tmp_path)
    assert app_settings(tmp_path, {})["A"] == "mine"


@pytest.mark.parametrize("text", ["{", "[]", '{"Values": 5}'])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    """A settings file that cannot be parsed raises SettingsError with its name and what to do."""
    (tmp_path / FILE).write_text(text)
    with pytest.raises(SettingsError, match=r"local\.settings\.json .* Correct it"):
        app_settings(tmp_path, {})


def test_the_shipped_sample_is_complete() -> None:
    """The shipped sample has the settings of the Core Tools and every setting that the app needs."""
    values = sample_values(Path(__file__).parents[3])
    assert values["FUNCTIONS_WORKER_RUNTIME"] == "python"
    assert values["AzureWebJobsStorage"]
    needed = ("COSMOS_ENDPOINT", "COSMOS_DATABASE", "STAGING_URL", "SENDGRID_API_KEY", "MAIL_FROM", "MAIL_TO")
    assert all(values[name] for name in needed)
