import os

import pytest

from local.json_calls import CallError, bypass_proxies, get


def test_a_part_that_does_not_answer_is_named() -> None:
    """A call that is refused raises CallError with the URL and without the key in its query."""
    with pytest.raises(CallError, match=r"GET http://127\.0\.0\.1:9/status failed: .*refused") as failure:
        get("http://127.0.0.1:9/status?code=secret")
    assert "secret" not in str(failure.value)


def test_this_machine_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of this machine are added to `no_proxy`, so that no call to them goes through a proxy."""
    monkeypatch.setenv("no_proxy", "intranet")
    monkeypatch.delenv("NO_PROXY", raising=False)
    bypass_proxies()
    assert os.environ["no_proxy"] == "intranet,127.0.0.1,localhost"
    assert os.environ["NO_PROXY"] == "127.0.0.1,localhost"
