"""Makes the Parquet files of this folder; needs pyarrow. Run it only to add a case: tests expect these very files."""

import datetime as dt
from decimal import Decimal

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

UTC = dt.timezone.utc
ROWS = pa.table(
    {
        "i8": pa.array([1, -128, None], pa.int8()),
        "i32": pa.array([1, -2, None], pa.int32()),
        "i64": pa.array([2**60 + 1, 5, None], pa.int64()),
        "u32": pa.array([4_000_000_000, 1, None], pa.uint32()),
        "u64": pa.array([2**64 - 1, 1, None], pa.uint64()),
        "f32": pa.array([1.5, float("nan"), -3], pa.float32()),
        "f64": pa.array([1.5, float("inf"), -3], pa.float64()),
        "flag": pa.array([True, False, None]),
        "text": pa.array(["a", "é😀", None]),
        "large": pa.array(["a", "b", None], pa.large_string()),
        "ts_ms": pa.array([1, -1, None], pa.timestamp("ms")),
        "ts_us": pa.array([dt.datetime(2024, 1, 2, 3, 4, 5, 678901), None, dt.datetime(1960, 1, 1)], pa.timestamp("us")),
        "ts_utc": pa.array([dt.datetime(2024, 1, 2, 3, 4, 5, 6, UTC), None, None], pa.timestamp("us", "UTC")),
        "ts_ns": pa.array([1, 2, 3], pa.timestamp("ns", "Europe/Berlin")),
        "day": pa.array([dt.date(2024, 2, 29), None, dt.date(1960, 1, 1)]),
        "time": pa.array([1, 86_399_999_999, None], pa.time64("us")),
        "price": pa.array([Decimal("1.23"), Decimal("-99.10"), None], pa.decimal128(10, 2)),
        "wide": pa.array([Decimal("-1234567890123456789012345678.0123456789"), Decimal("0.0000000001"), None], pa.decimal128(38, 10)),
        "bytes": pa.array([b"\x00\xff", b"", None]),
        "fixed": pa.array([b"ab", b"cd", None], pa.binary(2)),
        "list": pa.array([[1], [2, 3], None], pa.list_(pa.int32())),
        "struct": pa.array([{"x": 1.0, "y": "a"}, None, {"x": None, "y": "b"}], pa.struct([("x", pa.float64()), ("y", pa.string())])),
        "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
        "none": pa.array([None, None, None], pa.int64()),
        "word": pa.array(["p", "q", "p"]).dictionary_encode(),
        "long": pa.array(["x" * 5000, "y", "z"]),
    }
)

pq.write_table(ROWS, "pyarrow.parquet")
pq.write_table(ROWS, "pyarrow-three-groups.parquet", row_group_size=1)
pq.write_table(ROWS, "pyarrow-no-schema.parquet", store_schema=False)
pq.write_table(ROWS.slice(0, 0), "pyarrow-empty.parquet")
pa.feather.write_feather(ROWS, "pyarrow.feather", compression="lz4")
