"""The host's changes to the SDK do not change its results."""

from datetime import timedelta
from importlib import metadata

import azure.durable_functions as df
import pytest
from azure.durable_functions.models.history import HistoryEvent
from dateutil.parser import parse  # type: ignore[import-untyped]  # it ships no types
from hypothesis import given
from hypothesis import strategies as st

from local.host.durable import events, sdk

BINDING = '{"taskHubName": "t", "creationUrls": {}, "managementUrls": {}, "rpcBaseUrl": "http://h/"}'


@pytest.fixture(autouse=True)
def _prepared() -> None:
    sdk.prepare()


@given(st.datetimes(min_value=events.moment("2000-01-01T00:00:00Z").replace(tzinfo=None)))
def test_times_are_the_sdks_own(moment: object) -> None:
    """A time of a history has the value and the time zone that dateutil parses."""
    text = f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"
    ours = HistoryEvent(12, -1, False, text).timestamp
    theirs = parse(text)
    assert (ours, ours.tzinfo, str(ours)) == (theirs, theirs.tzinfo, str(theirs))


@pytest.mark.parametrize("text", ["2026-11-22T14:20:31.5777524Z", "2026-11-22T14:20:31Z", "2026-11-22T14:20:31+02:00"])
def test_other_forms_are_read_as_well(text: str) -> None:
    """A time with seven digits, without a fraction or with another zone is parsed to the same instant as by
    dateutil."""
    assert HistoryEvent(12, -1, False, text).timestamp - parse(text) < timedelta(microseconds=1)


@pytest.mark.parametrize("instance", ["a#b", "a/b", "a?b", "a\\b", "a\tb"])
def test_an_id_that_would_be_cut_is_refused(instance: str) -> None:
    """A start with an id that a URL would cut raises ValueError before any request."""
    with pytest.raises(ValueError, match="holds a character"):
        df.DurableOrchestrationClient(BINDING)._get_start_new_url(instance, "story")


def test_other_ids_make_the_sdks_own_address() -> None:
    """A start with another id, or without one, makes the SDK's own URL."""
    client = df.DurableOrchestrationClient(BINDING)
    assert client._get_start_new_url("sp ace", "story") == "http://h/orchestrators/story/sp ace"
    assert client._get_start_new_url(None, "story", "2") == "http://h/orchestrators/story?version=2"


@pytest.mark.parametrize("version", ["2.0.0b2", "2.1.0", "10.0"])
def test_an_sdk_of_another_protocol_is_refused(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """A worker with a later version of the SDK than 1 refuses it by its version and says what to install."""
    monkeypatch.setattr(metadata, "version", lambda package: version)
    with pytest.raises(sdk.OtherProtocol) as refused:
        sdk.prepare.__wrapped__()
    assert version in str(refused.value)
    assert "pip install 'azure-functions-durable<2'" in str(refused.value)
