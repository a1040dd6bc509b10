"""The size of a page."""

from local.cosmos.errors import bad_request
from local.cosmos.exchange import Exchange

DEFAULT_PAGE, LARGEST_PAGE = 100, 1000


def page_size(exchange: Exchange) -> int:
    """The most entries of a response, from its header; raises 400."""
    text = exchange.header("x-ms-max-item-count")
    if text is None:
        return DEFAULT_PAGE
    try:
        size = int(text)
    except ValueError:
        raise bad_request(f"The header x-ms-max-item-count is not a number: {text}") from None
    if size == 0 or size < -1:
        raise bad_request("The header x-ms-max-item-count has to be -1 or more than 0.")
    return LARGEST_PAGE if size == -1 else size
