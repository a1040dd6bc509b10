"""The options of a run, which are the same for every report, and the names that no report's parameter may have."""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from outlast.json_numbers import LARGEST_EXACT
from outlast.models import MOST_LANES
from outlast.reading_options import ReadingOptions

LEAST_RU = 400
"""RU/s that a run may be limited to. With less, its calls would hold activity slots and wait nearly all the time."""
LEAST_FRACTION = 0.01
MOST_PLAN_DAYS = 365
"""Days for which a planned run may wait. Its staged files are kept as long."""
DRIFT = "drift"
LEVELS = ("counts", "content", DRIFT)
"""How thoroughly a run verifies what it has stored; with DRIFT a mirror report all that it has in its container."""
NOTIFY = ("failed", "completed", "always", "never")
"""Of which end of a run people are told by email."""


class Options(ReadingOptions):
    """How a run is done. An option that is None takes its value from the settings or does not apply."""

    filename: str | None = Field(None, max_length=1024)
    tolerated_rejects: int | None = Field(None, ge=0, le=LARGEST_EXACT)
    tolerated_reject_percent: float | None = Field(None, ge=0, le=100)
    min_rows: int | None = Field(None, ge=0, le=LARGEST_EXACT)
    max_delete_percent: float | None = Field(None, ge=0, le=100)
    max_parallel: int | None = Field(None, ge=1, le=MOST_LANES)
    ru_share: float | None = Field(None, gt=0, le=1e9)
    read_ru_share: float | None = Field(None, gt=0, le=1e9)
    plan: bool | None = None
    plan_days: float | None = Field(None, gt=0, le=MOST_PLAN_DAYS)
    verify: Literal["counts", "content", "drift"] | None = None
    repair: bool | None = None
    label: str | None = Field(None, min_length=1, max_length=64)
    notify: Literal["failed", "completed", "always", "never"] | None = None
    durable_urls: bool | None = None

    @field_validator("ru_share", "read_ru_share")
    @classmethod
    def _is_enough(cls, share: float | None) -> float | None:
        least = LEAST_FRACTION if share is not None and is_fraction(share) else LEAST_RU
        if share is not None and share < least:
            text = "{share} is too little: give {ru} RU/s or more, or {fraction} to 1 as a fraction of the throughput"
            given = {"share": f"{share:g}", "ru": LEAST_RU, "fraction": LEAST_FRACTION}
            raise PydanticCustomError("too_little", text, given)
        return share

    @field_validator("repair")
    @classmethod
    def _repairs_drift(cls, repair: bool | None, info: ValidationInfo) -> bool | None:
        """A validator of the whole model would lose the guards of its numbers where the model is part of another."""
        if repair and info.data.get("verify") != DRIFT:
            raise PydanticCustomError("not_drift", "repair needs verify=drift")
        return repair

    @field_validator("label")
    @classmethod
    def _is_printable(cls, label: str | None) -> str | None:
        if label is not None and not label.isprintable():
            raise PydanticCustomError("not_printable", "a label has printable characters alone")
        return label


def is_fraction(ru_share: float) -> bool:
    """Whether a `ru_share` is a fraction of the container's throughput; else it is a number of RU/s."""
    return ru_share <= 1


HOST_PARAMETERS = frozenset({"code", "clientId"})
"""Query parameters that the Functions host reads itself, for its keys."""
RESERVED_PARAMETERS = HOST_PARAMETERS | Options.model_fields.keys() | {"report", "input"}
"""Names that the start endpoint takes itself. A report's parameter of the same name would never receive a value."""
