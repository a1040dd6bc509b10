"""docs/api.md is what the description of the API makes of its text."""

from tools.write_api_page import PAGE, api_page


def test_the_page_is_made_from_the_description() -> None:
    """The page is exactly what `make api` writes."""
    assert PAGE.read_text("utf-8") == api_page(), "run `make api`"
