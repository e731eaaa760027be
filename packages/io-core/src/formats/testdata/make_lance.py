"""Makes the Lance dataset of this folder; needs pylance. Run it only to add a case: tests expect these very files."""

import lance
import pyarrow as pa

ROWS = pa.table(
    {
        "id": pa.array([1, 2, 3]),
        "text": pa.array(["a", None, "é😀"], pa.large_string()),
        "vector": pa.array([[1.0, 2.0], None, [3.0, 4.0]], pa.list_(pa.float32(), 2)),
        "at": pa.array([1, None, -1], pa.timestamp("us", "UTC")),
        "pair": pa.array([{"x": 1, "y": "b"}, {"x": None, "y": None}, {"x": 3, "y": ""}]),
    }
)
lance.write_dataset(ROWS.slice(0, 2), "pylance.lance", mode="overwrite")
lance.write_dataset(ROWS.slice(2), "pylance.lance", mode="append")
