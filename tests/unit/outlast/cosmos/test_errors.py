import pytest
from aiohttp import ClientError
from azure.core.exceptions import ServiceRequestError
from azure.cosmos.exceptions import CosmosHttpResponseError

from outlast.cosmos.errors import translated
from outlast.errors import OutlastError, Permanent, Transient


def answer(status: int, substatus: int | None = None) -> CosmosHttpResponseError:
    error = CosmosHttpResponseError(status, "scripted")  # type: ignore[no-untyped-call]  # the SDK has no types here
    error.sub_status = substatus
    return error


def failure(error: Exception, partition_key: str | None = None) -> OutlastError:
    """Return what the error becomes when the header of stock is read."""
    with pytest.raises(OutlastError) as caught, translated("the header of stock", "sales", partition_key):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ServiceRequestError("no route"), "gave no answer for the header of stock (ServiceRequestError)"),
        (ClientError(), "gave no answer for the header of stock (ClientError)"),
        (TimeoutError(), "gave no answer for the header of stock (TimeoutError)"),
        (ConnectionResetError(), "gave no answer for the header of stock (ConnectionResetError)"),
        (answer(429, 3200), "answered 429/3200 for the header of stock"),
        (answer(503), "answered 503 for the header of stock"),
        (answer(400), "answered 400 for the header of stock"),
        (answer(410, 1002), "answered 410/1002 for the header of stock"),
        (answer(403, 3), "answered 403/3 for the header of stock"),
        (answer(403, 1008), "answered 403/1008 for the header of stock"),
        (answer(404, 1002), "answered 404/1002 for the header of stock"),
    ],
)
def test_what_may_pass_is_transient(error: Exception, text: str) -> None:
    """An error after which a repeat may succeed is transient, and its text names what was read."""
    found = failure(error)
    assert (type(found), str(found)) == (Transient, f"the database {text}")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (answer(401), "refuses the header of stock (401); give the app's identity the role 'Cosmos DB Built-in Data"),
        (answer(403), "Contributor', or correct COSMOS_KEY"),
        (answer(403, 1014), "a logical partition of sales is full (20 GB); choose a finer partition key"),
        (answer(404), "the container sales does not exist; create it, because this app may not"),
        (answer(404, 1003), "the container sales does not exist; create it, because this app may not"),
    ],
)
def test_what_a_person_must_mend_is_permanent(error: Exception, text: str) -> None:
    """An error that no repeat ends is permanent, and its text says what to do."""
    found = failure(error)
    assert type(found) is Permanent
    assert text in str(found)


def test_a_missing_container_is_named_with_its_partition_key() -> None:
    """Where the partition key is known, the text says how to create the container."""
    assert "create it with the partition key /id, because" in str(failure(answer(404), "/id"))


def test_other_errors_are_not_translated() -> None:
    """An error of the program stays what it is."""
    with pytest.raises(KeyError), translated("the header of stock", "sales"):
        raise KeyError("id")
