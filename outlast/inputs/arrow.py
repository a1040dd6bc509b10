"""Loads pyarrow, only where it is needed: it takes 50 MB of memory."""

from typing import Any


def load_arrow() -> Any:
    """The library, with memory that goes back to the system when it is free."""
    import pyarrow as pa

    if pa.default_memory_pool().backend_name != "system":
        pa.set_memory_pool(pa.system_memory_pool())
    return pa
