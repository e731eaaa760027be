"""The rows that are appended in the benchmarks: the same for every peer."""

import pyarrow as pa

SCHEMA = pa.schema([("id", pa.int64()), ("score", pa.float64()), ("label", pa.string())])


def rows(count):
    """So many rows as an Arrow table."""
    ids = range(count)
    return pa.table({"id": list(ids), "score": [i / 7 for i in ids], "label": [f"row {i % 50}" for i in ids]}, SCHEMA)
