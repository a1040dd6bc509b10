from tools.recording import LOOKS, PAGE, read_looks, recording


def test_the_page_shows_what_the_command_draws() -> None:
    """The recording in docs/command.md is what the view draws now of the answers that an app gave during a run."""
    assert LOOKS.exists()
    assert recording(read_looks()) in PAGE.read_text("utf-8")
