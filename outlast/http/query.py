"""The query of a request that lists something, and the link to the next page of the list."""

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

import azure.functions as func

from outlast.http.problem import bad_request
from outlast.run_options import HOST_PARAMETERS

_OF_HOST = frozenset(name.lower() for name in HOST_PARAMETERS)


def is_of_host(name: str) -> bool:
    """Whether the Functions host reads this query parameter itself. The host does not regard the case of a name."""
    return name.lower() in _OF_HOST


def read_query(params: Mapping[str, str], known: Iterable[str]) -> dict[str, str]:
    """The values by the lower-case names of their parameters, without the host's own parameters.

    Raises a 400 Problem for a name that is not in `known`: an ignored filter would answer with everything.
    """
    asked = {name.lower(): value for name, value in params.items() if not is_of_host(name)}
    known = tuple(known)
    for name in asked:
        if name not in known:
            raise bad_request(f"{name}: there is no such parameter; there are: {', '.join(known) or 'none'}", name)
    return asked


def next_link(request: func.HttpRequest, query: Mapping[str, str | int]) -> str:
    """The value of a `Link` header that leads to the same path with this query."""
    return f'<{request.url.split("?")[0]}?{urlencode(query)}>; rel="next"'
