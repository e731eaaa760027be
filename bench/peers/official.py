"""The official Python client, against a server of ours."""

import time

import pyarrow.parquet as pq
from answer import answer, seconds
from deltacat_client import Client
from memory import peak_mb

client = None


def open_client(url):
    """Connects to a server."""
    global client
    client = Client(url)


def read(table):
    """Reads a table of the namespace `bench` as an Arrow table; answers its rows and milliseconds."""
    started = time.perf_counter()
    found = client.catalog.read(namespace="bench", table=table, read_as="pyarrow")
    return {"rows": found.num_rows, "ms": (time.perf_counter() - started) * 1000}


def write(table, file):
    """Writes the rows of a Parquet file, which are read before the clock starts; answers milliseconds."""
    rows = pq.read_table(file)
    return seconds(lambda: client.catalog.write(rows, namespace="bench", table=table, mode="append")) * 1000


answer({"open": open_client, "read": read, "write": write, "peak_mb": peak_mb})
