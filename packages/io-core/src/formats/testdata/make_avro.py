"""Makes the Avro files of this folder; needs fastavro, polars, cramjam and backports.zstd. Run it only to add a case: tests expect these very files."""

import datetime as dt
import io
from decimal import Decimal

import fastavro
import polars as pl
import pyarrow.parquet as pq

UTC = dt.timezone.utc


def nullable(type):
    return ["null", type]


SCHEMA = {
    "type": "record",
    "name": "Row",
    "namespace": "test",
    "fields": [
        {"name": "id", "type": "long"},
        {"name": "flag", "type": nullable("boolean")},
        {"name": "small", "type": ["int", "null"]},
        {"name": "f32", "type": "float"},
        {"name": "f64", "type": "double"},
        {"name": "text", "type": nullable("string")},
        {"name": "bytes", "type": "bytes"},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
        {"name": "again", "type": nullable("Kind")},
        {"name": "fixed", "type": {"type": "fixed", "name": "Two", "size": 2}},
        {"name": "day", "type": nullable({"type": "int", "logicalType": "date"})},
        {"name": "time_ms", "type": {"type": "int", "logicalType": "time-millis"}},
        {"name": "time_us", "type": {"type": "long", "logicalType": "time-micros"}},
        {"name": "at_ms", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "at_us", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "local_us", "type": {"type": "long", "logicalType": "local-timestamp-micros"}},
        {"name": "price", "type": nullable({"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2})},
        {
            "name": "wide",
            "type": {"type": "fixed", "name": "Wide", "size": 16, "logicalType": "decimal", "precision": 38, "scale": 10},
        },
        {"name": "uuid", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "list", "type": nullable({"type": "array", "items": nullable("long")})},
        {"name": "map", "type": {"type": "map", "values": "string"}},
        {
            "name": "pair",
            "type": nullable(
                {"type": "record", "name": "Pair", "fields": [{"name": "x", "type": "double"}, {"name": "y", "type": nullable("Two")}]}
            ),
        },
    ],
}


def row(id, **values):
    return {
        "id": id, "flag": None, "small": None, "f32": 0.5, "f64": 1e300, "text": None, "bytes": b"", "kind": "A", "again": None,
        "fixed": b"ab", "day": None, "time_ms": dt.time(), "time_us": dt.time(23, 59, 59, 999999),
        "at_ms": dt.datetime(1960, 1, 1, tzinfo=UTC), "at_us": dt.datetime(2024, 1, 2, 3, 4, 5, 6, UTC),
        "local_us": dt.datetime(2024, 1, 2, 3, 4, 5, 6), "price": None, "wide": Decimal("-1234567890123456789012345678.0123456789"),
        "uuid": "00000000-0000-0000-0000-000000000001", "list": None, "map": {}, "pair": None, **values,
    }


ROWS = [
    row(2**60 + 1, flag=True, small=-(2**31), text="é😀", bytes=b"\x00\xff", kind="B", again="A", day=dt.date(2024, 2, 29),
        price=Decimal("-99.10"), list=[1, None], map={"k": "v"}, pair={"x": 1.5, "y": b"cd"}),
    row(-1, text="", list=[], pair={"x": -0.0, "y": None}),
]  # fmt: skip

for codec in ["null", "deflate", "snappy", "zstandard", "bzip2", "xz"]:
    with open(f"fastavro-{codec}.avro", "wb") as file:
        try:
            fastavro.writer(file, SCHEMA, ROWS, codec=codec, sync_marker=b"0123456789abcdef", sync_interval=1)
        except ValueError as error:
            print(codec, error)

POLARS = pl.DataFrame(
    {
        "id": [1, 2, 3],
        "x": [0.5, None, -1.0],
        "name": ["a", None, "é"],
        "list": [[1, 2], [], None],
        "at": pl.Series([1, None, -1], dtype=pl.Datetime("us")),
        "day": pl.Series([dt.date(2024, 2, 29), None, dt.date(1960, 1, 1)]),
        "bytes": [b"\x00", None, b""],
        "pair": [{"a": 1}, None, {"a": None}],
    }
)
POLARS.write_avro("polars.avro")
