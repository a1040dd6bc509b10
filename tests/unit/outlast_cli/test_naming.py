import pytest
import typer

from outlast_cli.main import PANELS, app
from outlast_cli.naming import NAMED, with_profile


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Let it: outlast approve a    Drop it: outlast cancel a", "outlast approve --profile 'p 1' a    Drop it: "),
        ("Run `outlast login URL --profile b`.", "Run `outlast login URL --profile b`."),
        ("outlast run a 'outlast run.csv'", "outlast run --profile 'p 1' a 'outlast run.csv'"),
        ("an Outlast app, outlast profiles", "an Outlast app, outlast profiles"),
    ],
)
def test_a_command_in_a_text_gets_the_profile(text: str, named: str) -> None:
    """Each command that calls an app gets the profile, unless it has one, and without a profile nothing changes."""
    assert named in with_profile(text, "p 1")
    assert with_profile(text, None) == text


def test_the_commands_with_a_profile_are_known() -> None:
    """The commands that are found in texts are exactly those that have the option --profile."""
    commands = typer.main.get_group(app).commands
    have = {name for name in commands if any("--profile" in one.opts for one in commands[name].params)}
    assert {name for name in commands if NAMED.match(f"outlast {name}")} == have
    assert have < {name for panel in PANELS.values() for name in panel}
