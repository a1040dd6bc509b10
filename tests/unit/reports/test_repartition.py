from typing import Any

from tests.unit.reports.sample import load

REPORT = load("repartition")


def made(**document: Any) -> list[dict[str, Any]]:
    return list(REPORT.generate_report(REPORT.row.model_validate(document), None))


def test_a_document_is_copied_as_it_is() -> None:
    """Every member is copied with its value, at any depth, but for those that the database adds."""
    document = {"id": "1", "origin": "EWR", "n": 1.5, "none": None, "deep": {"list": [1, "2", True]}, "model_config": 3}
    assert made(**document, _rid="r", _self="s", _etag="e", _attachments="a", _ts=1) == [document]
