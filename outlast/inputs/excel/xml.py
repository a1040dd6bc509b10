"""Reads XML from its beginning to its end, in pieces, without entities of its own."""

from collections.abc import Callable, Iterator
from typing import IO
from xml.parsers import expat

from outlast.inputs.types import BadInput

_PIECE = 64 * 1024
Attributes = dict[str, str]


def local(name: str) -> str:
    """The name without its namespace's prefix."""
    return name.rpartition(":")[2]


class Handler:
    """What a reader does at each element. `done` has what is ready to be yielded."""

    def __init__(self) -> None:
        self.done: list[object] = []

    def start(self, name: str, attributes: Attributes) -> None:
        raise NotImplementedError

    def end(self, name: str) -> None:
        raise NotImplementedError

    def text(self, data: str) -> None:
        """Text between two tags, perhaps in pieces."""


def parse(file: IO[bytes], handler: Handler) -> Iterator[object]:
    """What the handler makes, as it comes. Raises BadInput for broken XML, and for entities, which can be bombs."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    parser.EntityDeclHandler = _refuse
    try:
        while data := file.read(_PIECE):
            parser.Parse(data, False)
            yield from handler.done
            handler.done.clear()
        parser.Parse(b"", True)
        yield from handler.done
    except expat.ExpatError as error:
        raise BadInput("body", f"The workbook is damaged ({error}). Save it again.") from None


def _refuse(*_: object) -> None:
    raise BadInput("body", "The workbook declares entities of its own, which no program needs. Save it again.")


def each(file: IO[bytes], wanted: Callable[[str], bool]) -> Iterator[tuple[str, Attributes]]:
    """Local name and attributes of the elements that are wanted."""
    yield from parse(file, _Each(wanted))  # type: ignore[misc]  # _Each makes these pairs alone


class _Each(Handler):
    def __init__(self, wanted: Callable[[str], bool]) -> None:
        super().__init__()
        self._wanted = wanted

    def start(self, name: str, attributes: Attributes) -> None:
        if self._wanted(local(name)):
            self.done.append((local(name), {local(key): value for key, value in attributes.items()}))

    def end(self, name: str) -> None:
        pass
