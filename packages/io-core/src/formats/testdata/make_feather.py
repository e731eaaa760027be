"""Makes the Feather files of this folder; needs pyarrow and polars. Run it only to add a case: tests expect these very files."""

import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

ROWS = pq.read_table("pyarrow.parquet")
ROWS = ROWS.append_column("span", pa.array([1, None, -3], pa.duration("ms")))

feather.write_feather(ROWS, "feather-lz4.feather", compression="lz4", chunksize=2)
feather.write_feather(ROWS, "feather-zstd.feather", compression="zstd")
feather.write_feather(ROWS, "feather-plain.feather", compression="uncompressed")
feather.write_feather(ROWS.slice(0, 0), "feather-empty.feather")
feather.write_feather(ROWS.select(["i64", "text"]), "feather-version-1.feather", version=1)
with pa.ipc.new_file("feather-no-batches.feather", ROWS.schema):
    pass
with pa.ipc.new_stream("arrow-stream.feather", ROWS.schema) as writer:
    writer.write_table(ROWS)

# The layouts that hold the same values otherwise, of lists that overlap and come in another order.
TEXTS = ["a", None, "", "longer than twelve bytes", "é😀"]
VIEWS = pa.table(
    {
        "text": pa.array(TEXTS, pa.string_view()),
        "bytes": pa.array([None if text is None else text.encode() for text in TEXTS], pa.binary_view()),
        "large_text": pa.array(TEXTS, pa.large_string()),
        "large_list": pa.array([[1], None, [], [2, None], [3]], pa.large_list(pa.int32())),
        "list_view": pa.ListViewArray.from_arrays([3, 0, 0, 1, 0], [1, 0, 3, 2, 0], pa.array([1, 2, None, 4])),
        "large_list_view": pa.LargeListViewArray.from_arrays([1, 0, 0, 1, 0], [1, 0, 2, 0, 2], pa.array(["x", "y"], pa.string_view())),
        "after": pa.array([1, 2, 3, 4, 5]),
    }
)
with pa.ipc.new_file("feather-views.feather", VIEWS.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
    writer.write_table(VIEWS)
PLAIN = pa.schema(
    [
        ("text", pa.string()), ("bytes", pa.binary()), ("large_text", pa.string()), ("large_list", pa.list_(pa.int32())),
        ("list_view", pa.list_(pa.int64())), ("large_list_view", pa.list_(pa.string())), ("after", pa.int64()),
    ]
)
pq.write_table(pa.table([pa.array(VIEWS[name].to_pylist(), PLAIN.field(name).type) for name in PLAIN.names], schema=PLAIN), "feather-views.parquet")

# A dictionary that grows from batch to batch.
WORDS = [["p", "q", None], ["q", "r"], ["s", "p"]]
with pa.ipc.new_file(
    "feather-delta.feather",
    pa.schema([("word", pa.dictionary(pa.int8(), pa.string()))]),
    options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True, unify_dictionaries=False),
) as writer:
    known: list[str] = []
    for words in WORDS:
        known = known + sorted({word for word in words if word is not None} - set(known))
        indices = pa.array([None if word is None else known.index(word) for word in words], pa.int8())
        writer.write_batch(pa.record_batch([pa.DictionaryArray.from_arrays(indices, pa.array(known))], ["word"]))

POLARS = pl.DataFrame(
    {
        "id": [1, 2, 3],
        "name": ["a", None, "longer than twelve bytes"],
        "list": [[1, 2], [], None],
        "kind": pl.Series(["x", "y", "x"], dtype=pl.Categorical),
        "at": pl.Series([1, None, -1], dtype=pl.Datetime("us", "UTC")),
    }
)
POLARS.write_ipc("polars.feather", compression="lz4")
POLARS.write_ipc("polars-zstd.feather", compression="zstd")
