"""DuckLake, its catalog in SQLite, in the same DuckDB as ours."""

import glob
import os
import sqlite3
import time

import duckdb
import duckdb_extension_ducklake
import duckdb_extension_sqlite_scanner
import pyarrow.parquet as pq
from answer import again, answer, in_threads, seconds
from memory import peak_mb
from rows import rows

lake = None
folder = None


def connect():
    """A DuckDB with the extensions that are installed beside it."""
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for module in (duckdb_extension_sqlite_scanner, duckdb_extension_ducklake):
        [file] = glob.glob(os.path.join(os.path.dirname(module.__file__), "extensions/*/*.duckdb_extension"))
        connection.execute(f"LOAD '{file}'")
    return connection


def open_lake(folder_name):
    """Opens a lake in a folder."""
    global lake, folder
    folder = folder_name
    if lake is not None:
        lake.close()
    lake = connect()
    # As DuckLake's guide says for several writers: write ahead, wait for the database, and try again.
    options = f"DATA_PATH '{folder}/data/', META_JOURNAL_MODE 'WAL', META_BUSY_TIMEOUT 60000"
    lake.execute(f"ATTACH 'ducklake:sqlite:{folder}/catalog.sqlite' AS lake ({options})")
    lake.execute("SET ducklake_max_retry_count = 1000")
    lake.execute("USE lake")


def create(tables):
    """Makes tables by name."""
    for table in tables:
        lake.execute(f"CREATE TABLE {table} (id BIGINT, score DOUBLE, label VARCHAR)")


def is_locked(error):
    return "database is locked" in str(error)


def append(count, size, threads):
    """Appends so many rows so often, by so many threads; answers seconds."""
    batch = rows(size)

    def work(_):
        cursor = lake.cursor()
        cursor.execute("USE lake")
        cursor.register("batch", batch)
        again(lambda: cursor.execute("INSERT INTO t SELECT * FROM batch"), is_locked)
        cursor.close()

    return seconds(lambda: in_threads(threads, count, work))


def register(files):
    """Registers files that are there, each by a commit of its own; answers seconds."""

    def work():
        for file in files:
            lake.execute(f"CALL ducklake_add_data_files('lake', 't', '{file}')")

    return seconds(work)


def transaction(tables, size):
    """Appends rows to several tables in one transaction; answers seconds."""
    lake.register("batch", rows(size))

    def work():
        lake.execute("BEGIN")
        for table in tables:
            lake.execute(f"INSERT INTO {table} SELECT * FROM batch")
        lake.execute("COMMIT")

    return seconds(work)


def load(files):
    """Makes the table `t` of the rows of Parquet files; answers milliseconds."""
    names = ", ".join(f"'{file}'" for file in files)
    return seconds(lambda: lake.execute(f"CREATE TABLE t AS SELECT * FROM read_parquet([{names}])")) * 1000


def load_rows(file):
    """Makes the table `t` of the rows of a Parquet file, which are read before the clock starts; answers milliseconds."""
    lake.register("loaded", pq.read_table(file))
    return seconds(lambda: lake.execute("CREATE TABLE t AS SELECT * FROM loaded")) * 1000


def change(kind, file):
    """Upserts the rows of a Parquet file, or deletes those with their ids; answers milliseconds."""
    names = [name for name, *_ in lake.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()]
    if kind == "delete":
        sql = f"DELETE FROM t WHERE id IN (SELECT id FROM '{file}')"
    else:
        # One row of each key: a MERGE refuses more.
        rows = f"SELECT * FROM '{file}' QUALIFY row_number() OVER (PARTITION BY id ORDER BY file_row_number DESC) = 1"
        rows = rows.replace(f"'{file}'", f"read_parquet('{file}', file_row_number = true)").replace(
            "SELECT *", "SELECT " + ", ".join(names)
        )
        sql = (
            f"MERGE INTO t USING ({rows}) u ON t.id = u.id "
            f"WHEN MATCHED THEN UPDATE SET {', '.join(f'{name} = u.{name}' for name in names)} "
            f"WHEN NOT MATCHED THEN INSERT VALUES ({', '.join(f'u.{name}' for name in names)})"
        )
    return seconds(lambda: lake.execute(sql)) * 1000


def read():
    """Reads the table `t` as an Arrow table; answers its rows and milliseconds."""
    started = time.perf_counter()
    found = lake.execute("SELECT * FROM t").to_arrow_table()
    return {"rows": found.num_rows, "ms": (time.perf_counter() - started) * 1000}


def fill(files, files_per_day):
    """Makes the table `many` of files that are nowhere, by writing what DuckLake would write down of them."""
    lake.execute("CREATE TABLE many (id BIGINT, day BIGINT, v VARCHAR)")
    lake.execute("ALTER TABLE many SET PARTITIONED BY (day)")
    # One file that is there shows how files are written down; of fewer rows there would be none.
    lake.execute("INSERT INTO many SELECT 0, 0, 'x' FROM range(100)")
    path = folder + "/catalog.sqlite"
    lake.close()
    catalog = sqlite3.connect(path)
    numbers = range(1, files)
    snapshot, partition = catalog.execute("SELECT begin_snapshot, partition_id FROM ducklake_data_file").fetchone()
    table = catalog.execute("SELECT table_id FROM ducklake_table WHERE table_name = 'many'").fetchone()[0]
    catalog.executemany(
        f"INSERT INTO ducklake_data_file VALUES (?, {table}, {snapshot}, NULL, NULL, ?, 1, 'parquet', 10, 1000, 400, ?, {partition}, "
        "NULL, NULL, NULL)",
        ((i, f"day={i // files_per_day}/{i}.parquet", i * 10) for i in numbers),
    )
    catalog.executemany(
        f"INSERT INTO ducklake_file_partition_value VALUES (?, {table}, 0, ?)", ((i, str(i // files_per_day)) for i in numbers)
    )
    bounds = f"INSERT INTO ducklake_file_column_stats VALUES (?, {table}, ?, 88, 10, 0, ?, ?, NULL, NULL)"
    catalog.executemany(bounds, ((i, 1, str(i * 10), str(i * 10 + 9)) for i in numbers))
    catalog.executemany(bounds, ((i, 2, str(i // files_per_day), str(i // files_per_day)) for i in numbers))
    catalog.execute("UPDATE ducklake_table_column_stats SET max_value = ? WHERE column_id < 3", (str(files * 10),))
    rows = files * 10
    catalog.execute("UPDATE ducklake_table_stats SET record_count = ?, next_row_id = ?", (rows, rows))
    catalog.execute("UPDATE ducklake_snapshot SET next_file_id = ?", (files,))
    catalog.commit()
    catalog.close()
    open_lake(folder)


PLANS = {
    "selective": "SELECT v FROM many WHERE day = {day} AND id = {id}",
    "bounds": "SELECT v FROM many WHERE id = {id}",
    "totals": "SELECT * FROM ducklake_table_info('lake')",
    "full": "SELECT * FROM ducklake_list_files('lake', 'many')",
}


def run_plan(sql):
    """Runs a query up to the first file that it would read: it has chosen its files when it looks for one that is nowhere."""
    try:
        lake.execute(sql).fetchall()
    except duckdb.IOException:
        pass


def plan(kind, day, id, repeats):
    """Plans so often; answers milliseconds."""
    sql = PLANS[kind].format(day=day, id=id)
    return [seconds(lambda: run_plan(sql)) * 1000 for _ in range(repeats)]


answer(
    {
        "fill": fill,
        "plan": plan,
        "open": lambda folder: open_lake(folder),
        "create": create,
        "append": append,
        "register": register,
        "transaction": transaction,
        "load": load,
        "load_rows": load_rows,
        "change": change,
        "read": read,
        "peak_mb": peak_mb,
    }
)
