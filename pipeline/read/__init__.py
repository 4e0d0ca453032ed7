"""Read customer files of any make without losing a cell: `open_source` is the door."""

from pipeline.read.source import Source, open_source
from pipeline.read.values import (
    BrokenRecord,
    Layout,
    Note,
    RawChunk,
    ReadOptions,
)

__all__ = [
    "BrokenRecord",
    "Layout",
    "Note",
    "RawChunk",
    "ReadOptions",
    "Source",
    "open_source",
]
