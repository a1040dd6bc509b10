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


def piece_path(run: str, number: int) -> str:
    """A piece of the inflated copy of a gzipped input."""
    return f"runs/{run}/inflated/{number:04}"


def inflated_path(run: str) -> str:
    """The size of the inflated copy. It is written when all pieces are staged."""
    return f"runs/{run}/inflated.json"


def body_path(run: str, name: str = "body") -> str:
    """The input as it was posted, which may be gzipped."""
    return f"runs/{run}/{name}"


STARTING = "starting"
"""The folder of the empty files that say which bodies are being staged."""


def starting_folder(run: str) -> str:
    return f"{STARTING}/{run}"


def starting_path(run: str, name: str) -> str:
    """The file that is written before the body of this name and stays until the run's record is known to name it."""
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


def generated_path(run: str, chunk: int, part: int, name: str) -> str:
    """`name` is `json` for a part's answer, `{hash}.jsonl` for its documents, `{hash}.rejects.csv` for its rejects,
    `{hash}.keys` for the keys of its documents."""
    return f"runs/{run}/generated/{chunk:06}/{part:04}.{name}"


def correction_path(run: str, name: str) -> str:
    """The rows of a correction, as they were sent."""
    return f"runs/{run}/corrections/{name}.jsonl"


def corrected_rows_path(run: str, name: str) -> str:
    """The numbers of the rows of a correction."""
    return f"runs/{run}/corrections/{name}.json"


def correction_chunks_path(run: str, name: str) -> str:
    return f"runs/{run}/corrections/{name}.chunks.json"


def verified_path(run: str, revision: int, chunk: int) -> str:
    """What the verification of this number has found of a chunk."""
    return f"runs/{run}/verified/{revision:03}/{chunk:06}.json"


def stored_path(run: str, chunk: int, name: str = "json") -> str:
    """`name` is `json` for the counts of a stored chunk, or ends in `begun.json` or `rejects.csv`."""
    return f"runs/{run}/stored/{chunk:06}.{name}"
