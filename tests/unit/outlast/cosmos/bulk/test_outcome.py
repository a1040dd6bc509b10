import pytest

from outlast.cosmos.bulk.outcome import Next, classify
from outlast.cosmos.bulk.transport import CONNECTION_LOST, Result
from outlast.errors import Permanent


@pytest.mark.parametrize(
    ("status", "substatus", "outcome"),
    [
        (200, 0, Next.WRITTEN),
        (201, 0, Next.WRITTEN),
        (304, 0, Next.WRITTEN),
        (424, 0, Next.AGAIN),
        (429, 3200, Next.THROTTLED),
        (CONNECTION_LOST, 0, Next.LOST),
        (408, 0, Next.LOST),
        (410, 1002, Next.LOST),
        (449, 0, Next.LOST),
        (500, 0, Next.LOST),
        (503, 0, Next.LOST),
        (403, 3, Next.LOST),
        (403, 1008, Next.LOST),
        (404, 1002, Next.LOST),
        (400, 0, Next.REFUSE),
        (404, 0, Next.REFUSE),
        (409, 0, Next.REFUSE),
        (413, 0, Next.REFUSE),
    ],
)
def test_each_answer_has_its_consequence(status: int, substatus: int, outcome: Next) -> None:
    """The status and substatus of a result decide whether its document is written, refused or sent again."""
    assert classify(Result(status, substatus), "sales") is outcome


@pytest.mark.parametrize(
    ("status", "substatus", "text"),
    [
        (
            401,
            0,
            r"refuses writes to sales \(401\); .* role 'Cosmos DB Built-in Data Contributor', or correct COSMOS_KEY",
        ),
        (403, 0, r"refuses writes to sales \(403\)"),
        (403, 1014, r"a logical partition of sales is full \(20 GB\); choose a finer partition key"),
        (404, 1003, "the container sales does not exist; create it"),
        (418, 7, "the database answered 418/7 for sales: teapot"),
    ],
)
def test_a_dead_end_is_permanent_and_says_what_to_do(status: int, substatus: int, text: str) -> None:
    """Where no write to the container can succeed, the error names container, role or limit."""
    with pytest.raises(Permanent, match=text):
        classify(Result(status, substatus, message="teapot"), "sales")
