"""What the SDK and the workers said, as the host takes it."""

from local.host.durable import answers


def test_what_json_has_no_number_for_becomes_text() -> None:
    """NaN and the infinities, as on the real host: they would make every answer with them unreadable."""
    state = '{"isDone": true, "actions": [[]], "output": [NaN, Infinity, -Infinity, 1e3], "customStatus": NaN}'
    answer = answers.returned(state)
    assert (answer.output, answer.custom_status) == ('["NaN","Infinity","-Infinity",1000.0]', '"NaN"')
