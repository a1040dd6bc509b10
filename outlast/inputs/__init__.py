"""Detects, cuts and reads input files, as pure functions over bytes. Each format has a file of its own."""

from collections.abc import Mapping

from outlast.inputs.csv_file import CSV
from outlast.inputs.detect import detect_format
from outlast.inputs.gzipped import Inflater
from outlast.inputs.json_lines import JSON_LINES
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

FORMATS: Mapping[str, InputFormat] = {CSV.name: CSV, JSON_LINES.name: JSON_LINES}

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
    "IncompleteHeader",
    "Inflater",
    "InputFormat",
    "InputRow",
    "UnfinishedHeader",
    "detect_format",
]
