"""delta-rs, a Delta table in a folder."""

import json
import os
import time

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from answer import answer, in_threads, seconds
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.transaction import AddAction
from memory import peak_mb
from rows import SCHEMA, rows

root = None
many = None


def open_folder(folder):
    """Takes a folder for the tables."""
    global root
    root = folder


def path_of(table):
    return os.path.join(root, table)


def create(tables):
    """Makes tables by name."""
    for table in tables:
        DeltaTable.create(path_of(table), SCHEMA)


def append(count, size, threads):
    """Appends so many rows so often, by so many threads; answers seconds."""
    batch = rows(size)
    table = DeltaTable(path_of("t"))
    if threads == 1:
        return seconds(lambda: in_threads(1, count, lambda _: write_deltalake(table, batch, mode="append")))
    # A writer that comes second tries again, and gives up after 15 times by default.
    patient = CommitProperties(max_commit_retries=1_000_000)

    def work(_):
        write_deltalake(path_of("t"), batch, mode="append", commit_properties=patient)

    return seconds(lambda: in_threads(threads, count, work))


def register(files):
    """Registers files that are there, each by a commit of its own; answers seconds."""
    table = DeltaTable(path_of("t"))
    sizes = [os.path.getsize(file) for file in files]
    stats = json.dumps({"numRecords": 1000, "minValues": {"id": 0}, "maxValues": {"id": 999}, "nullCount": {"id": 0}})

    def work():
        for file, size in zip(files, sizes):
            action = AddAction(file, size, {}, 0, True, stats)
            table.create_write_transaction([action], mode="append", schema=table.schema(), partition_by=[])

    return seconds(work)


def load(files):
    """Makes the table `t` of the rows of Parquet files; answers milliseconds."""
    rows = pq.read_table(files)
    return seconds(lambda: write_deltalake(path_of("t"), rows)) * 1000


def change(kind, file):
    """Upserts the rows of a Parquet file, or deletes those with their ids; answers milliseconds."""
    rows = pq.read_table(file)
    # One row of each key, the last: a merge refuses more.
    numbered = rows.append_column("row", pa.array(range(rows.num_rows)))
    last = numbered.group_by("id").aggregate([("row", "max")])["row_max"]
    rows = rows.take(last)

    def work():
        merge = DeltaTable(path_of("t")).merge(rows, "t.id = u.id", source_alias="u", target_alias="t")
        if kind == "delete":
            merge.when_matched_delete().execute()
        else:
            merge.when_matched_update_all().when_not_matched_insert_all().execute()

    return seconds(work) * 1000


def read():
    """Reads the table `t` as an Arrow table; answers its rows and milliseconds."""
    started = time.perf_counter()
    found = DeltaTable(path_of("t")).to_pyarrow_table()
    return {"rows": found.num_rows, "ms": (time.perf_counter() - started) * 1000}


def fill(files, files_per_day):
    """Makes the table `many` of files that are nowhere, by writing what delta-rs would write down of them."""
    global many
    schema = pa.schema([("id", pa.int64()), ("day", pa.int64()), ("v", pa.string())])
    DeltaTable.create(path_of("many"), schema, partition_by=["day"])
    with open(os.path.join(path_of("many"), "_delta_log", f"{1:020}.json"), "w") as log:
        for i in range(files):
            day = str(i // files_per_day)
            stats = {"numRecords": 10, "minValues": {"id": i * 10}, "maxValues": {"id": i * 10 + 9}, "nullCount": {"id": 0}}
            add = {
                "path": f"day={day}/{i}.parquet",
                "size": 1000,
                "partitionValues": {"day": day},
                "modificationTime": 0,
                "dataChange": True,
                "stats": json.dumps(stats),
            }
            log.write(json.dumps({"add": add}) + "\n")
    DeltaTable(path_of("many")).create_checkpoint()
    many = DeltaTable(path_of("many"))


PLANS = {
    "selective": lambda day, id: many.file_uris(file_pruning_predicate=f"day = {day} AND id = {id}"),
    "bounds": lambda _, id: many.file_uris(file_pruning_predicate=f"id = {id}"),
    "totals": lambda *_: pa.compute.sum(pa.table(many.get_add_actions(flatten=True))["num_records"]),
    "full": lambda *_: many.get_add_actions(flatten=True),
}


def plan(kind, day, id, repeats):
    """Plans so often; answers milliseconds."""
    return [seconds(lambda: PLANS[kind](day, id)) * 1000 for _ in range(repeats)]


answer(
    {
        "fill": fill,
        "plan": plan,
        "open": open_folder,
        "create": create,
        "append": append,
        "register": register,
        "load": load,
        "load_rows": lambda file: load([file]),
        "change": change,
        "read": read,
        "peak_mb": peak_mb,
    }
)
