"""Checks a `ru_share` that is a fraction of the container's throughput, before the run is accepted."""

from collections.abc import Awaitable, Callable

from outlast.errors import Permanent
from outlast.http.problem import bad_request
from outlast.run_options import is_fraction

Throughput = Callable[[str], Awaitable[float]]
"""Reads the RU/s provisioned for a container. Raises Permanent when they may not be read."""


async def check_ru_share(share: float | None, container: str, field: str, throughput: Throughput) -> None:
    """Raise a 400 Problem for a fraction of a throughput that cannot be read. A managed identity may not read it."""
    if share is None or not is_fraction(share):
        return
    try:
        provisioned = await throughput(container)
    except Permanent as error:
        raise bad_request(f"{field}: {error}", field) from None
    if not provisioned:
        text = f"{field}: {container} has no provisioned throughput of which {share:g} is a fraction; give RU/s"
        raise bad_request(text, field)
