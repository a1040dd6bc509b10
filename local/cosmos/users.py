"""Users of databases, and their permissions."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class User:
    """A user of a database with its permissions, or a permission, which has none."""

    definition: dict[str, Any]
    own: dict[str, Any]  # the properties that the service adds
    permissions: "dict[str, User]" = field(default_factory=dict)
