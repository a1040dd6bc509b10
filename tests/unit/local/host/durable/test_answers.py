"""Answers of the SDK and the workers as the host reads them."""

from local.host.durable import answers


def test_what_json_has_no_number_for_becomes_text() -> None:
    """NaN and the infinities in an answer become text, as on the Azure host, so that each answer is valid JSON."""
    state = '{"isDone": true, "actions": [[]], "output": [NaN, Infinity, -Infinity, 1e3], "customStatus": NaN}'
    answer = answers.returned(state)
    assert (answer.output, answer.custom_status) == ('["NaN","Infinity","-Infinity",1000.0]', '"NaN"')
