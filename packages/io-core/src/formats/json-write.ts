import { DeltacatError } from '@deltacat/contract';
import * as arrow from 'apache-arrow';
import { readColumn } from '../columns/read.ts';
import type { TypedRows } from '../rows.ts';
import type { FileWrite, StoredRows } from './capability.ts';
import { valueText } from './text-value.ts';
import { writeLines } from './text-write.ts';

/**
 * Writes rows as JSON, one object per line with its nulls, as the official clients write and read it. Throws `not_supported`
 * for columns of types that JSON does not hold, and `schema_mismatch` for numbers that it has no word for.
 */
export async function writeJson({ columns, row_count }: TypedRows, write: FileWrite): Promise<StoredRows> {
  const members = columns.map(({ field, chunks }) => {
    const read = readColumn(new arrow.Vector(chunks));
    const json = jsonText(field.name, field.type);
    const key = JSON.stringify(field.name);
    return (row: number) => `${key}:${json(read(row) ?? null)}`;
  });
  function* lines(): Generator<string> {
    for (let row = 0; row < row_count; row++) yield `{${members.map((member) => member(row)).join(',')}}\n`;
  }
  return writeLines(lines(), write);
}

type JsonText = (value: unknown) => string;

function jsonText(column: string, type: arrow.DataType): JsonText {
  if (arrow.DataType.isNull(type)) return () => 'null';
  const text = nestedText(column, type) ?? scalarText(column, type);
  if (text === null) {
    throw new DeltacatError(
      'not_supported',
      `Column "${column}" is of type ${type}, which JSON cannot hold; write Parquet, or leave the column out.`,
      { column },
    );
  }
  return (value) => (value === null || value === undefined ? 'null' : text(value));
}

function nestedText(column: string, type: arrow.DataType): JsonText | null {
  // What is read from nested columns are arrays and objects.
  if (arrow.DataType.isList(type) || arrow.DataType.isFixedSizeList(type)) {
    const item = jsonText(column, type.valueType);
    return (value) => `[${(value as unknown[]).map(item).join(',')}]`;
  }
  if (!arrow.DataType.isStruct(type)) return null;
  const members = type.children.map(({ name, type: member }: arrow.Field) => {
    const text = jsonText(column, member);
    return (value: Record<string, unknown>) => `${JSON.stringify(name)}:${text(value[name])}`;
  });
  return (value) => `{${members.map((member) => member(value as Record<string, unknown>)).join(',')}}`;
}

function scalarText(column: string, type: arrow.DataType): JsonText | null {
  const text = valueText(column, type);
  const plain: arrow.DataType = arrow.DataType.isDictionary(type) ? type.dictionary : type;
  if (text === null || arrow.DataType.isInt(plain) || arrow.DataType.isBool(plain)) return text;
  if (arrow.DataType.isDuration(plain)) return text;
  if (!arrow.DataType.isFloat(plain)) return (value) => JSON.stringify(text(value));
  return (value) => {
    if (Number.isFinite(value)) return text(value);
    const message = `Column "${column}" holds ${text(value)}, which is no number in JSON. Write another format.`;
    throw new DeltacatError('schema_mismatch', message, { column });
  };
}
