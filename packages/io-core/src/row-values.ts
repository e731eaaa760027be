import { DataType, type Field, type RecordBatch, type Vector } from 'apache-arrow';
import { Moment } from './columns/encode.ts';
import { readColumn, type ValueReader } from './columns/read.ts';
import { type Decimal, formatDecimal } from './values/decimal.ts';
import { scalarJson } from './values/scalar.ts';

/** The rows of a batch as plain objects, in the forms that `PlanRows.objects` describes. */
export function rowObjects(batch: RecordBatch): Record<string, unknown>[] {
  const columns = batch.schema.fields.flatMap((field, index) => {
    const vector = batch.getChildAt(index);
    return vector === null ? [] : [{ name: field.name, read: plainReader(vector) }];
  });
  return Array.from({ length: batch.numRows }, (_, row) => {
    const object: Record<string, unknown> = {};
    for (const { name, read } of columns) object[name] = read(row);
    return object;
  });
}

/** Reads the values of a column in those forms. */
export function plainReader(vector: Vector): ValueReader {
  const read = readColumn(vector);
  const plain = plainValue(vector.type);
  return plain === null ? read : (row) => plain(read(row));
}

type Plain = (value: unknown) => unknown;

/** What makes values of a type plain, or null for types whose values are. */
function plainValue(type: DataType): Plain | null {
  if (DataType.isDictionary(type)) return plainValue(type.dictionary);
  // What is read from a column of these types is of these classes.
  if (DataType.isDecimal(type)) return present((value) => formatDecimal(value as Decimal));
  if (DataType.isStruct(type)) return structValue(type.children);
  if (DataType.isMap(type) || DataType.isList(type) || DataType.isFixedSizeList(type)) {
    const item = plainValue(fieldTypes(type)[0] ?? type);
    return item === null ? null : present((value) => (value as unknown[]).map(item));
  }
  // A duration is a count of its unit, and as such a 64-bit integer.
  if (DataType.isDuration(type)) return present((value) => (value as Moment).ns / momentUnit(value as Moment));
  return present((value) => (value instanceof Moment ? (scalarJson(value.kind, value.ns) ?? value.ns) : value));
}

function present(plain: Plain): Plain {
  return (value) => (value === null || value === undefined ? null : plain(value));
}

function structValue(fields: Field[]): Plain {
  const plains = fields.map((field) => [field.name, plainValue(field.type)] as const);
  return present((value) => {
    const object = value as Record<string, unknown>; // a struct is read as an object
    return Object.fromEntries(
      plains.map(([name, plain]) => [name, plain === null ? object[name] : plain(object[name])]),
    );
  });
}

function fieldTypes(type: DataType): DataType[] {
  const fields: Field[] = type.children ?? [];
  return fields.map((field) => field.type);
}

function momentUnit({ kind }: Moment): bigint {
  return 'unit_ns' in kind ? kind.unit_ns : 1n;
}
