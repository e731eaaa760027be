"""PyIceberg, its catalog in SQLite."""

import logging
import os

from answer import again, answer, in_threads, seconds
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException
from rows import SCHEMA, rows

logging.disable(logging.WARNING)  # it tells of each commit that it repeats

catalog = None


def open_catalog(folder):
    """Opens a catalog in a folder."""
    global catalog
    os.makedirs(f"{folder}/data", exist_ok=True)
    catalog = SqlCatalog("bench", uri=f"sqlite:///{folder}/catalog.sqlite", warehouse=f"file://{folder}/data")
    catalog.create_namespace_if_not_exists("n")


def create(tables):
    """Makes tables by name."""
    for table in tables:
        catalog.create_table(f"n.{table}", SCHEMA)


def came_second(error):
    return isinstance(error, CommitFailedException)


def append(count, size, threads):
    """Appends so many rows so often, by so many threads; answers seconds."""
    batch = rows(size)
    table = catalog.load_table("n.t")
    if threads == 1:
        return seconds(lambda: in_threads(1, count, lambda _: table.append(batch)))
    return seconds(lambda: in_threads(threads, count, lambda _: again(lambda: catalog.load_table("n.t").append(batch), came_second)))


def register(files):
    """Registers files that are there, each by a commit of its own; answers seconds."""
    table = catalog.load_table("n.t")
    return seconds(lambda: [table.add_files([f"file://{file}"], check_duplicate_files=False) for file in files])


answer({"open": open_catalog, "create": create, "append": append, "register": register})
