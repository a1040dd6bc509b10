"""The texts of failures."""

import json

from local.host.durable import failures


def test_the_details_of_a_failure_are_compact() -> None:
    """The details have no blank behind a colon or a comma of JSON, as on the Azure host."""
    details = failures.exception_details("ValueError: bad", "stack")
    assert details == json.dumps(json.loads(details), separators=(",", ":"))
