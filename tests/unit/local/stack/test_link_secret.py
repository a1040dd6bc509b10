from pathlib import Path

from local.stack.link_secret import NAME, link_secret


def test_the_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """Links outlive the process that made them, because the secret is kept; others cannot read it."""
    first = link_secret(tmp_path / "secrets")
    assert len(first) >= 32
    assert link_secret(tmp_path / "secrets") == first
    assert (tmp_path / "secrets" / NAME).stat().st_mode & 0o777 == 0o600


def test_each_folder_has_a_secret_of_its_own(tmp_path: Path) -> None:
    """Links of one folder open nothing in another."""
    assert link_secret(tmp_path / "a") != link_secret(tmp_path / "b")
