"""What the reports' own code logs in a child, carried to the activity that it belongs to.

The Functions worker forwards a record only from a thread or task of an invocation, so the activity logs it again.
"""

import logging
from dataclasses import dataclass, field

from outlast.models import Json

MOST_RECORDS = 100
"""Records of one slice or one reading. More are counted only."""
MOST_CHARACTERS = 2_000
"""Characters of one record, with its traceback."""


class Collector(logging.Handler):
    """Collects records until they are taken."""

    def __init__(self) -> None:
        super().__init__()
        self._records: list[Json] = []
        self._left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        if len(self._records) >= MOST_RECORDS:
            self._left_out += 1
            return
        try:
            text = self.format(record)
        except Exception as error:  # noqa: BLE001  # an argument's `__str__`, or a wrong format: the user's code
            text = f"a record of {record.name} that cannot be formatted: {type(error).__name__}"
        text = text[:MOST_CHARACTERS].encode("utf-8", "replace").decode()
        self._records.append({"name": record.name, "level": record.levelno, "text": text})

    def take(self) -> list[Json]:
        """The records since the last call. The last one says how many were left out."""
        records, self._records = self._records, []
        if self._left_out:
            text = f"{self._left_out:,} more records were left out"
            records.append({"name": "outlast", "level": logging.WARNING, "text": text})
        self._left_out = 0
        return records


@dataclass(slots=True)
class LogBudget:
    """Logs the records of one call of an activity again, at most `most` of them."""

    most: int = 200
    _logged: int = field(default=0)

    def log(self, records: list[Json]) -> None:
        for record in records:
            self._logged += 1
            if self._logged <= self.most:
                logging.getLogger(record["name"]).log(record["level"], "%s", record["text"])
            elif self._logged == self.most + 1:
                logging.getLogger("outlast").warning(
                    "more than %d records in one call; the rest is left out", self.most
                )
