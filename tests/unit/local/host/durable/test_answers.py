"""Answers of the SDK and the workers as the host reads them."""

import pytest

from local.host.durable import answers


def test_what_json_has_no_number_for_becomes_text() -> None:
    """NaN and the infinities in an answer become text, as on the Azure host, so that each answer is valid JSON."""
    state = '{"isDone": true, "actions": [[]], "output": [NaN, Infinity, -Infinity, 1e3], "customStatus": NaN}'
    answer = answers.returned(state)
    assert (answer.output, answer.custom_status) == ('["NaN","Infinity","-Infinity",1000.0]', '"NaN"')


@pytest.mark.parametrize("depth", [answers.DEEPEST + 1, 5000])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_json_that_is_nested_too_deeply_is_refused(depth: int, opening: str) -> None:
    """JSON above the limit raises ValueError, although Python could parse some of it."""
    closing = {"[": "]"}.get(opening, "}")
    with pytest.raises(ValueError, match="nested deeper than 200 levels"):
        answers.load(opening * depth + "1" + closing * depth)


def test_json_up_to_the_limit_is_parsed() -> None:
    """The limit counts levels, not lists: many lists beside each other are no nesting."""
    assert answers.load("[" * answers.DEEPEST + "]" * answers.DEEPEST)
    assert len(answers.load("[" + ",".join(["[]"] * 1000) + "]")) == 1000
