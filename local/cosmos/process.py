"""The emulator as a process of its own."""

from collections.abc import Sequence
from pathlib import Path

from local.child import Child
from local.cosmos import EMULATOR_KEY


class CosmosProcess(Child):
    """Listens on the same port when it is started again."""

    def __init__(self, data_dir: Path | None = None, port: int = 0, options: tuple[str, ...] = ()) -> None:
        self.key = EMULATOR_KEY
        self._port = port
        self._options = (*options, "--data", str(data_dir)) if data_dir is not None else options
        super().__init__("cosmos", ())

    def arguments(self) -> Sequence[str]:
        port = self.url.rpartition(":")[2] or str(self._port)
        return ("-m", "local.cosmos", "--port", port, *self._options)
