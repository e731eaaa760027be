"""The official Python client, asked over standard input and output: one JSON request a line, one JSON answer a line.

A cell travels as a text that says its value exactly, whatever its type, and null as null; what each text is stands in
values.ts. Numbers never travel as JSON numbers, and times are nanoseconds since 1970.
"""

import base64
import datetime
import decimal
import json
import math
import sys
import warnings

import deltacat_client
import pyarrow as pa
from deltacat_client import Client

warnings.simplefilter("ignore")

UNIT_NS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
TYPES = {
    "bool": pa.bool_(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "binary": pa.binary(),
    "date32[day]": pa.date32(),
    **{f"{sign}int{bits}": getattr(pa, f"{sign}int{bits}")() for sign in ("", "u") for bits in (8, 16, 32, 64)},
}


def type_of(name):
    """The Arrow type that pyarrow prints as that name."""
    if name in TYPES:
        return TYPES[name]
    if name.startswith("list<item: "):
        return pa.list_(type_of(name[len("list<item: ") : -1]))
    if name.startswith("struct<"):
        parts = [part.split(": ") for part in name[len("struct<") : -1].split(", ")]
        return pa.struct([(field, type_of(kind)) for field, kind in parts])
    word, _, rest = name.replace("(", "[").partition("[")
    arguments = [part.strip() for part in rest.rstrip(")]").split(",")]
    if word == "timestamp":
        zone = arguments[1].removeprefix("tz=") if len(arguments) > 1 else None
        return pa.timestamp(arguments[0], tz=zone)
    if word == "decimal128":
        return pa.decimal128(int(arguments[0]), int(arguments[1]))
    if word == "time64":
        return pa.time64(arguments[0])
    raise ValueError(f"no such type here: {name}")


def value_of(cell, kind):
    """The value of a cell, as pyarrow takes it for a column of that type."""
    if cell is None:
        return None
    if pa.types.is_boolean(kind):
        return cell == "true"
    if pa.types.is_integer(kind):
        return int(cell)
    if pa.types.is_floating(kind):
        return float(cell)
    if pa.types.is_binary(kind):
        return base64.b64decode(cell)
    if pa.types.is_decimal(kind):
        return decimal.Decimal(cell)
    if pa.types.is_date(kind):
        return datetime.date.fromisoformat(cell)
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        return int(cell) // UNIT_NS[kind.unit]
    if pa.types.is_list(kind):
        return [value_of(item, kind.value_type) for item in json.loads(cell)]
    if pa.types.is_struct(kind):
        cells = json.loads(cell)
        return {field.name: value_of(cells[index], field.type) for index, field in enumerate(kind)}
    return cell


def packed(cells):
    return json.dumps(cells, ensure_ascii=False, separators=(",", ":"))


def cell_of(value, kind):
    """The cell of a value as `Array.to_pylist` gives it."""
    if value is None:
        return None
    if pa.types.is_boolean(kind):
        return "true" if value else "false"
    if pa.types.is_floating(kind):
        return repr(value) if math.isfinite(value) else repr(value).replace("inf", "Infinity").replace("nan", "NaN")
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if pa.types.is_decimal(kind):
        return format(value, "f")
    if pa.types.is_date(kind):
        return value.isoformat()
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        return str(value * UNIT_NS[kind.unit])
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return packed([cell_of(item, kind.value_type) for item in value])
    if pa.types.is_struct(kind):
        return packed([cell_of(value[field.name], field.type) for field in kind])
    return str(value)


def column_cells(column):
    if pa.types.is_timestamp(column.type) or pa.types.is_time(column.type):
        return [cell_of(value, column.type) for value in column.cast(pa.int64()).to_pylist()]
    return [cell_of(value, column.type) for value in column.to_pylist()]


def column_of(cells, kind):
    values = [value_of(cell, kind) for cell in cells]
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind):
        return pa.array(values, pa.int64()).cast(kind)
    return pa.array(values, kind)


def table_of(rows):
    """The rows of a request as an Arrow table."""
    kinds = [(column["name"], type_of(column["type"])) for column in rows["columns"]]
    arrays = [column_of([row[index] for row in rows["rows"]], kind) for index, (_, kind) in enumerate(kinds)]
    return pa.table(arrays, schema=pa.schema(kinds))


def answer_of(table):
    columns = [{"name": field.name, "type": str(field.type)} for field in table.schema]
    cells = [column_cells(column) for column in table.columns]
    return {"columns": columns, "rows": [list(row) for row in zip(*cells)] if cells else []}


class Session:
    """What requests have in common: the client, and the transactions that are open."""

    def __init__(self):
        self.client = None
        self.transactions = {}

    def version(self):
        return deltacat_client.__version__

    def connect(self, url):
        self.client = Client(url, timeout=120)

    def within(self, transaction):
        if transaction is None:
            return {}
        if transaction not in self.transactions:
            return {"transaction": self.client.catalog.get_transaction(transaction)}
        return {"transaction": self.transactions[transaction]}

    def write(self, rows, transaction=None, **options):
        self.client.catalog.write(table_of(rows), **options, **self.within(transaction))

    def read(self, transaction=None, as_of=None, **options):
        moment = {} if as_of is None else {"as_of": int(as_of)}
        return answer_of(self.client.catalog.read(**options, **moment, **self.within(transaction)))

    def begin(self):
        transaction = self.client.transaction()
        self.transactions[transaction.id] = transaction
        return transaction.id

    def end(self, transaction, commit):
        handle = self.transactions.pop(transaction)
        handle.commit() if commit else handle.abort()


def main():
    answers, session = sys.stdout, Session()
    # Whatever the client prints must not stand between the answers.
    sys.stdout = sys.stderr
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": getattr(session, request.pop("op"))(**request)}
        except Exception as error:  # the other side decides what an error means
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, ensure_ascii=True), file=answers, flush=True)


if __name__ == "__main__":
    main()
