"""Looks at something again and again while the block of a bench runs."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def meanwhile(look: Callable[[], None], every_seconds: float) -> Iterator[None]:
    """Call `look` in a thread that ends with the block. One that fails fails the bench."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(every_seconds):
            look()

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        try:
            yield
        finally:
            ended.set()
        watching.result()
