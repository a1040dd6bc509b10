"""Stages one after another: what one yields is fed to the next."""

from collections.abc import Iterator, Sequence

from outlast.inputs.compressed import Stage


def feed_all(stages: Sequence[Stage], data: bytes) -> Iterator[bytes]:
    """What the data becomes behind the last stage."""
    if not stages:
        yield data
        return
    for piece in stages[0].feed(data):
        yield from feed_all(stages[1:], piece)


def finish_all(stages: Sequence[Stage]) -> Iterator[bytes]:
    """What is left in the stages, each fed to those after it."""
    for number, stage in enumerate(stages):
        for piece in stage.finish():
            yield from feed_all(stages[number + 1 :], piece)
