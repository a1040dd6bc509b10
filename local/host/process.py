"""Runs the host as a child process."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.child import Child


class HostProcess(Child):
    """The output of the host and its workers is in the file `log` beside the data folder."""

    def __init__(
        self,
        app_dir: Path,
        data_dir: Path,
        port: int = 0,
        env: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        self._data = Path(data_dir)
        self._data.parent.mkdir(parents=True, exist_ok=True)
        folders = ("--app", str(app_dir), "--data", str(data_dir))
        super().__init__(
            "host",
            ("-m", "local.host", *folders, "--port", str(port), *options),
            environment={**os.environ, **(env or {})},
            log=self._data.parent / f"{self._data.name}.log",
        )

    @property
    def function_key(self) -> str:
        """The key that opens the app's functions."""
        return str(self._secrets()["functionKeys"][0]["value"])

    @property
    def master_key(self) -> str:
        """The key that opens everything."""
        return str(self._secrets()["masterKey"]["value"])

    def _secrets(self) -> Any:
        return json.loads((self._data / "secrets" / "host.json").read_text(encoding="utf-8"))
