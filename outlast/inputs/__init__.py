"""Detects, cuts and reads input files, as pure functions over bytes. Each format has a file of its own."""

from outlast.inputs.csv_file import CSV
from outlast.inputs.detect import Detected, detect_format
from outlast.inputs.formats import FORMATS, is_copied, resolved, rows_format
from outlast.inputs.json_lines import JSON_LINES
from outlast.inputs.reading import Reading, Wanted
from outlast.inputs.types import (
    HEAD_BYTES,
    MAX_RECORD,
    BadInput,
    BadRow,
    Chunk,
    Cut,
    IncompleteHeader,
    InputFormat,
    InputRow,
)

__all__ = [
    "CSV",
    "FORMATS",
    "HEAD_BYTES",
    "JSON_LINES",
    "MAX_RECORD",
    "BadInput",
    "BadRow",
    "Chunk",
    "Cut",
    "Detected",
    "IncompleteHeader",
    "InputFormat",
    "InputRow",
    "Reading",
    "Wanted",
    "detect_format",
    "is_copied",
    "resolved",
    "rows_format",
]
