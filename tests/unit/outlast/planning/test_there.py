from typing import Any

import pytest

from outlast.planning.there import kind_of

DOCUMENT = {"id": "a", "shop": "x", "n": 1}


@pytest.mark.parametrize(
    ("there", "kind"),
    [
        (None, "new"),
        ({**DOCUMENT, "_etag": "e", "_ts": 1, "_rid": "r", "_self": "s", "_attachments": "a/"}, "unchanged"),
        ({**DOCUMENT, "n": 2, "_etag": "e"}, "changed"),
        ({**DOCUMENT, "more": 1}, "changed"),
        ({"id": "a", "shop": "x"}, "changed"),
    ],
)
def test_a_document_is_compared_without_what_the_service_adds(there: dict[str, Any] | None, kind: str) -> None:
    """A document is new, changed or unchanged by its own members alone."""
    assert kind_of(DOCUMENT, there) == kind
