import inspect
from typing import Any

import azure.functions as func

from outlast.http.cors import Cors
from outlast.http.entrance import Entrance
from outlast.http.problem import bad_request
from outlast.http.public_address import PublicAddress
from tests.fakes.http import ask, finish, read

PAGE = "https://page.example"


async def show_run(req: func.HttpRequest, client: Any) -> func.HttpResponse:
    if client is None:
        raise bad_request("no", "client")
    headers = {"Vary": "Accept", "X-Seen": req.url}
    return func.HttpResponse(b"{}", mimetype="application/json", headers=headers)


def test_a_handler_keeps_its_name_and_signature() -> None:
    """The host reads the name and the signature of what is registered."""
    answered = Entrance().answering(show_run)
    assert answered.__name__ == "show_run"
    assert list(inspect.signature(answered).parameters) == ["req", "client"]


def test_a_handler_sees_the_public_address_and_its_answer_has_a_tag() -> None:
    """Links are made from the URL that the handler sees; its JSON has an ETag and its type is not guessed."""
    entrance = Entrance(PublicAddress("https://x.org"), Cors((PAGE,)))
    answered: Any = entrance.answering(show_run)
    response = finish(answered(req=ask("runs/r1", headers={"Origin": PAGE}), client="c"))
    assert response.headers["X-Seen"] == "https://x.org/api/runs/r1"
    assert response.headers["ETag"]
    assert response.headers["Vary"] == "Accept, Origin"
    assert response.headers["Access-Control-Allow-Origin"] == PAGE
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_may_read_problems_too() -> None:
    """A problem can be read by a page of a named origin, and has no tag."""
    answered: Any = Entrance(cors=Cors((PAGE,))).answering(show_run)
    response = finish(answered(ask("runs/r1", headers={"Origin": PAGE}), None))
    assert (response.status_code, read(response)["field"]) == (400, "client")
    assert response.headers["Access-Control-Allow-Origin"] == PAGE
    assert "ETag" not in response.headers
