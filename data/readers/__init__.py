"""Files in: vector files as GeoDataFrames, tables as chunks of rows, and nothing bad passed over in silence."""

from data.readers.chunk import BadRow, Chunk
from data.readers.columns import named_columns, require
from data.readers.features import read_features
from data.readers.numbers import ParsedNumbers, parse_coordinates
from data.readers.rows import read_rows
from data.readers.times import ParsedTimes, parse_times

__all__ = [
    "BadRow",
    "Chunk",
    "ParsedNumbers",
    "ParsedTimes",
    "named_columns",
    "parse_coordinates",
    "parse_times",
    "read_features",
    "read_rows",
    "require",
]
