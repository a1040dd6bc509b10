"""Where files that arrive are put, and where they go: paths below the inputs location."""

import hashlib
from typing import NamedTuple

INCOMING, ACCEPTED, REFUSED = "incoming", "accepted", "refused"
_OPTIONS, _REASON = ".options.json", ".reason.txt"


class Arrival(NamedTuple):
    """A file that has arrived as `name` for a report; both are empty where its path says none."""

    path: str
    report: str
    name: str


def arrival_of(path: str) -> Arrival:
    """`incoming/{report}/{name}`; a name may have folders."""
    _, report, name = [*path.split("/", 2), "", ""][:3]
    return Arrival(path, report, name) if name else Arrival(path, "", report)


def is_left_alone(path: str) -> bool:
    """Whether a file is not complete yet, or has the options of another."""
    name = path.rpartition("/")[2]
    return name.startswith(".") or name.endswith((".part", ".tmp", _OPTIONS))


def options_path(path: str) -> str:
    """The file beside another one that has its options."""
    return path + _OPTIONS


def accepted_path(arrival: Arrival, run: str) -> str:
    return f"{ACCEPTED}/{arrival.report}/{run}/{arrival.name}"


def is_accepted(path: str, run: str) -> bool:
    """Whether a path of the inputs location is that of a file which arrived for this run."""
    parts = path.split("/")
    return len(parts) > 3 and (parts[0], parts[2]) == (ACCEPTED, run)


def refused_path(arrival: Arrival, version: str) -> str:
    """A path of its own for each version of a file."""
    key = hashlib.sha256(f"{arrival.path} {version}".encode()).hexdigest()[:16]
    return "/".join(part for part in (REFUSED, arrival.report, key, arrival.name) if part)


def reason_path(refused: str) -> str:
    """The text beside a refused file that says why."""
    return refused + _REASON
