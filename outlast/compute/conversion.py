"""Makes the copy of a file, in the child: its reader waits in a thread for the bytes that it asks for."""

import io
from collections.abc import Iterator
from queue import SimpleQueue
from threading import Thread

from outlast.compute.wire import pack
from outlast.inputs.converters import copy_of
from outlast.inputs.reading import Reading, Wanted
from outlast.inputs.types import BadInput
from outlast.models import Json
from outlast.staging.copying import BUFFER, batch_of
from outlast.staging.ranged_file import RangedFile


class Conversion:
    """Each answer is a range that is needed, a piece of the copy, what is wrong with the file, or that it has ended."""

    def __init__(self, header: Json) -> None:
        self._given, self._answers = SimpleQueue[bytes](), SimpleQueue[bytes]()
        Thread(target=self._convert, args=(header,), daemon=True).start()

    def answer(self, given: bytes | None = None) -> bytes:
        """The next answer. `given` is the range that the one before has asked for."""
        if given is not None:
            self._given.put(given)
        return self._answers.get()

    def _convert(self, header: Json) -> None:
        try:
            for piece in self._pieces(header):
                self._answers.put(pack({}, [piece]))
            self._answers.put(pack({"ended": True}, []))
        except BadInput as error:
            self._answers.put(pack({"bad": [error.field, str(error)]}, []))
        except BaseException as error:  # noqa: BLE001  # the other side waits for an answer, and raises it
            self._answers.put(pack({"error": f"{type(error).__name__}: {error}"}, []))

    def _pieces(self, header: Json) -> Iterator[bytes]:
        file = io.BufferedReader(RangedFile(header["size"], self._fetch), BUFFER)
        reading, wanted = Reading.from_dict(header["reading"]), Wanted.from_dict(header["wanted"])
        pieces = copy_of(file, reading, wanted, header["max_bytes"])
        while batch := batch_of(pieces):
            yield bytes(batch)

    def _fetch(self, offset: int, length: int) -> bytes:
        self._answers.put(pack({"need": [offset, length]}, []))
        return self._given.get()
