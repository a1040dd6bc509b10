"""The results of one part of the soak."""

import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Part:
    """`boundaries` are those at which the host could have died; `faults` counts how often each fired; `failed` maps the
    command that repeats a failure to its text."""

    seeds: int = 0
    kills: int = 0
    boundaries: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def fail(self, name: str, text: str) -> None:
        """Keep the failure, and print it at once because the soak goes on for long."""
        self.failed[name] = text[:1000]
        sys.stderr.write(f"FAILED {name}: {text[:1000]}\n")

    def add(self, other: "Part") -> None:
        """Count what the other has counted, too."""
        self.seeds += other.seeds
        self.kills += other.kills
        self.boundaries += other.boundaries
        self.faults += other.faults
        self.failed |= other.failed
        self.seconds += other.seconds

    def to_dict(self) -> dict[str, Any]:
        return {
            "seeds": self.seeds,
            "kills": self.kills,
            "boundaries": self.boundaries,
            "faults": dict(sorted(self.faults.items())),
            "failed": self.failed,
            "seconds": round(self.seconds, 1),
        }


def together(parts: dict[str, Part]) -> dict[str, Any]:
    """Return the sums of all parts, and each part by its name."""
    told = Part()
    for part in parts.values():
        told.add(part)
    return {**told.to_dict(), "parts": {name: part.to_dict() for name, part in parts.items()}}
