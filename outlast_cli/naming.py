"""Commands that a text names, for the profile that this command was called with."""

import re
import shlex

NAMED = re.compile(
    r"(?<![\w/'])outlast (?:approve|cancel|correct|doctor|events|health|list|login|open|plan|redrive|rejects|remove"
    r"|reports|run|show|verify|waive|watch)\b(?![^`\n]*--profile)"
)
"""A command that calls an app, unless the profile is named behind it."""


def with_profile(text: str, profile: str | None) -> str:
    """Return the text with `--profile NAME` in each command, which would call the current profile's app otherwise."""
    if profile is None:
        return text
    option = f" --profile {shlex.quote(profile)}"
    return NAMED.sub(lambda found: found[0] + option, text)
