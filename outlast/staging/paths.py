"""The paths of a run's files, relative to the staging location."""

import hashlib


def content_name(data: bytes, ending: str) -> str:
    """A file name that other content does not have: two calls that stage different files keep both."""
    return hashed_name(hashlib.sha256(data).hexdigest(), ending)


def hashed_name(sha256: str, ending: str) -> str:
    """The `content_name` of content with this hash."""
    return f"{sha256[:16]}.{ending}"


def folder_of(run: str) -> str:
    """The folder of all files of a run but those below STARTING."""
    return f"runs/{run}"


def piece_path(run: str, number: int, file: int = 0) -> str:
    """A piece of the copy of an input file."""
    return f"runs/{run}/inflated{_of_file(file)}/{number:04}"


def inflated_path(run: str, file: int = 0) -> str:
    """The size of the copy. It is written when all pieces are staged."""
    return f"runs/{run}/inflated{_of_file(file)}.json"


def _of_file(file: int) -> str:
    """What tells the copies of several files apart."""
    return f".{file:05}" if file else ""


def queried_path(run: str, name: str) -> str:
    """`name` is `ranges.json`, `all.json`, or begins with the number of a range of the query."""
    return f"runs/{run}/queried/{name}"


def body_path(run: str, name: str = "body") -> str:
    """The input as it was posted, which may be gzipped."""
    return f"runs/{run}/{name}"


STARTING = "starting"
"""The folder of the empty files that say which bodies and corrections are being staged."""


def starting_folder(run: str) -> str:
    return f"{STARTING}/{run}"


def starting_path(run: str, name: str) -> str:
    """The file that is written before the body or correction of this name, and stays until the run's record is known to
    name it."""
    return f"{STARTING}/{run}/{name}"


def starting_of(path: str) -> tuple[str, str]:
    """Run and name of the body of a `starting_path`."""
    _, run, name = path.split("/")
    return run, name


def chunks_path(run: str, so_far: int | None = None) -> str:
    """The whole chunk list, or the list of the first `so_far` chunks. Neither changes once it is written."""
    return f"runs/{run}/chunks.json" if so_far is None else f"runs/{run}/chunks.{so_far}.json"


def cut_cursor_path(run: str) -> str:
    """The cursor of the last call that cut a part of the input. It names a list of the first chunks."""
    return f"runs/{run}/chunks.cursor.json"


def reference_path(run: str) -> str:
    return f"runs/{run}/reference.json"


GENERATED, GROUPED = "generated", "grouped"
"""The folders of the parts with documents, and of those with groups."""


def generated_path(run: str, chunk: int, part: int, name: str, folder: str = GENERATED) -> str:
    """`name` is `json` for a part's answer, `{hash}.jsonl` for its documents, `{hash}.rejects.csv` for its rejects,
    `{hash}.entries` for the keys of its documents, `{hash}.groups` for its groups."""
    return f"runs/{run}/{folder}/{chunk:06}/{part:04}.{name}"


def groups_path(run: str) -> str:
    """How the groups of a grouped report's run are divided into shards."""
    return f"runs/{run}/groups.json"


def plan_path(run: str) -> str:
    return f"runs/{run}/plan.json"


def plan_cursor_path(run: str, chunks: int) -> str:
    """The figures of a plan after so many chunks. They do not change once they are written."""
    return f"runs/{run}/plan.{chunks}.json"


CORRECTED = "rows"
"""The end of the name of each correction."""


def is_correction(name: str) -> bool:
    """Whether a `starting_path` is that of a correction."""
    return name.endswith(f".{CORRECTED}")


def correction_paths(run: str, name: str) -> list[str]:
    """All that is staged of a correction."""
    return [path(run, name) for path in (correction_path, corrected_rows_path, correction_chunks_path)]


def correction_path(run: str, name: str) -> str:
    """The rows of a correction, as they were sent."""
    return f"runs/{run}/corrections/{name}.jsonl"


def corrected_rows_path(run: str, name: str) -> str:
    """The numbers of the rows of a correction."""
    return f"runs/{run}/corrections/{name}.json"


def correction_chunks_path(run: str, name: str) -> str:
    return f"runs/{run}/corrections/{name}.chunks.json"


def verified_path(run: str, earlier: int, chunk: int) -> str:
    """What the verification behind so many attempts has found of a chunk."""
    return f"runs/{run}/verified/{earlier:03}/{chunk:06}.json"


def stored_path(run: str, chunk: int, name: str = "json") -> str:
    """`name` is `json` for the counts of a stored chunk, `cursor.json` for how far one is stored that is not yet, or
    ends in `begun.json`, `rejects.csv` or `unchanged.json`."""
    return f"runs/{run}/stored/{chunk:06}.{name}"


def resolved_path(run: str, name: str) -> str:
    """`name` is `summary.json`, or begins with `keys/` for what was decided about some keys, with `rows/` for what that
    means for a chunk's rows."""
    return f"runs/{run}/resolved/{name}"


MANIFESTS = "manifests"


def manifests_folder(report: str) -> str:
    """What the runs of a mirror report have stored. It is not removed with the files of a run."""
    return f"{MANIFESTS}/{report}"


def manifest_path(report: str, run: str, name: str) -> str:
    return f"{MANIFESTS}/{report}/{run}/{name}"


def rejects_path(run: str, chunk: int) -> str:
    """The rejects of a chunk's rows whose documents other rows have made, too."""
    return resolved_path(run, f"rows/{chunk:06}.rejects.csv")
