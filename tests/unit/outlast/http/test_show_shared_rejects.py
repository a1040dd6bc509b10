from tests.fakes.reports import make_csv
from tests.fakes.sharing import Sharing


def test_a_link_that_was_made_for_them_opens_the_rejects() -> None:
    """The rejects are the same CSV as with a key, and are not kept on the way."""
    sharing = Sharing().run(make_csv(3, bad=[1]), tolerated_rejects=1)
    response = sharing.rejects(sharing.token(rejects=True))
    assert response.status_code == 200
    assert response.get_body().decode().splitlines()[1].startswith("3,amount,")
    assert response.headers["Cache-Control"] == "private, no-store"


def test_another_link_does_not_open_the_rejects() -> None:
    """A link that was made without rejects gets 403."""
    sharing = Sharing().run(make_csv(3, bad=[1]), tolerated_rejects=1)
    assert sharing.rejects(sharing.token()).status_code == 403


def test_a_link_that_is_none_opens_nothing() -> None:
    """A token that was not made here gets 404."""
    assert Sharing().accept().rejects("x").status_code == 404
