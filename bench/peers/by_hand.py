"""DuckDB, asked in SQL that was written by hand for these very files."""

import time

import duckdb
from answer import answer
from memory import peak_mb


def read(sql):
    """Reads rows as an Arrow table; answers their number and milliseconds."""
    connection = duckdb.connect()
    started = time.perf_counter()
    found = connection.execute(sql).to_arrow_table()
    return {"rows": found.num_rows, "ms": (time.perf_counter() - started) * 1000}


answer({"read": read, "peak_mb": peak_mb})
