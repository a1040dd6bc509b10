"""The ids of a run's orchestration instances. They are made here and nowhere else.

Each can be computed from the run's record, so nobody has to keep them: the sweep, the status page and the orchestrators
find the same instances.
"""

import hashlib
import hmac
import json
import re

_RUN = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")


def is_run_id(text: str) -> bool:
    """Whether a run can have this id. No other text is sent to the database, which would take `..` for a path."""
    return _RUN.fullmatch(text) is not None


def run_of_key(report: str, key: str, secret: str) -> str:
    """The id of the run that an `Idempotency-Key` means: 32 hex digits.

    Nobody can compute it from a key that is easy to guess, because `secret` is the app's own.
    """
    return hmac.new(secret.encode(), _text(report, key), hashlib.sha256).hexdigest()[:32]


def run_of_key_without_secret(report: str, key: str) -> str:
    """The id that a run with this key has if it was accepted before the app had a secret."""
    return hashlib.sha256(_text(report, key)).hexdigest()[:32]


def _text(report: str, key: str) -> bytes:
    return json.dumps([report, key], ensure_ascii=False, separators=(",", ":")).encode()


def wave_id(run: str, attempt: int, phase: str, number: int) -> str:
    return f"{run}:{attempt}:{phase}{number}"


def lane_id(wave: str, number: int) -> str:
    return f"{wave}-{number}"


def compensation_id(run: str, attempt: int) -> str:
    return f"{run}:{attempt}:compensate"


def removal_id(run: str) -> str:
    """Of the orchestration that removes a replaced generation."""
    return f"{run}:remove"
