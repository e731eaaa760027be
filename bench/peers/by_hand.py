"""DuckDB, asked in SQL that was written by hand for these very files."""

import time

import duckdb
import pyarrow.parquet as pq
from answer import answer, seconds
from memory import peak_mb


def read(sql):
    """Reads rows as an Arrow table; answers their number and milliseconds."""
    connection = duckdb.connect()
    started = time.perf_counter()
    found = connection.execute(sql).to_arrow_table()
    return {"rows": found.num_rows, "ms": (time.perf_counter() - started) * 1000}


def write(source, target):
    """Writes the rows of a Parquet file, which are read before the clock starts, to another; answers milliseconds."""
    connection = duckdb.connect()
    connection.register("loaded", pq.read_table(source))
    sql = f"COPY (SELECT * FROM loaded) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
    return seconds(lambda: connection.execute(sql)) * 1000


answer({"read": read, "write": write, "peak_mb": peak_mb})
