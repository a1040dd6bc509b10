"""The options of a run, which are the same for every report, and the names that no report's parameter may have."""

from pydantic import ConfigDict, Field

from outlast.json_numbers import LARGEST_EXACT
from outlast.models import MOST_LANES
from outlast.strict_values import StrictModel


class Options(StrictModel):
    """How a run is done. An option that is None takes its value from the settings or does not apply."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    filename: str | None = Field(None, max_length=1024)
    tolerated_rejects: int | None = Field(None, ge=0, le=LARGEST_EXACT)
    tolerated_reject_percent: float | None = Field(None, ge=0, le=100)
    min_rows: int | None = Field(None, ge=0, le=LARGEST_EXACT)
    max_parallel: int | None = Field(None, ge=1, le=MOST_LANES)
    ru_share: float | None = Field(None, gt=0)


HOST_PARAMETERS = frozenset({"code", "clientId"})
"""Query parameters that the Functions host reads itself, for its keys."""
RESERVED_PARAMETERS = HOST_PARAMETERS | Options.model_fields.keys() | {"report", "input"}
"""Names that the start endpoint takes itself. A report's parameter of the same name would never receive a value."""
