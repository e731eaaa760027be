import * as arrow from 'apache-arrow';
import { deserializeSchema } from '../schema/schema.ts';
import type { ParquetElement, ParquetFooter } from './parquet-footer.ts';
import { CONVERTED, clockOf, isUnsigned, LOGICAL, PHYSICAL, REPETITION } from './parquet-words.ts';

/** Where Arrow's writers keep the Arrow schema: the base64 of its IPC message. */
const ARROW_SCHEMA = 'ARROW:schema';

/** How many schemas are remembered: the files of a table share few, and reading one costs more than the footer. */
const REMEMBERED_MAX = 256;
const remembered = new Map<string, arrow.Schema | null>();

/** The Arrow schema of a Parquet file: the one its writer kept, or what the file's own types mean in Arrow. */
export function parquetSchema(footer: ParquetFooter): arrow.Schema {
  const message = footer.key_values.get(ARROW_SCHEMA);
  const kept = message === undefined ? null : keptSchema(message);
  if (kept !== null && isOf(kept, footer.elements)) return kept;
  return new arrow.Schema(footer.elements.map((element) => fieldOf(element)));
}

function keptSchema(message: string): arrow.Schema | null {
  const known = remembered.get(message);
  if (known !== undefined) return known;
  const schema = tryDeserialize(message);
  const [oldest] = remembered.keys();
  if (remembered.size >= REMEMBERED_MAX && oldest !== undefined) remembered.delete(oldest);
  remembered.set(message, schema);
  return schema;
}

/** A damaged or unknown schema is not needed: the file's own types say enough. */
function tryDeserialize(message: string): arrow.Schema | null {
  try {
    return deserializeSchema(message);
  } catch {
    return null;
  }
}

function isOf(schema: arrow.Schema, elements: ParquetElement[]): boolean {
  return (
    schema.fields.length === elements.length &&
    elements.every((element, index) => {
      const field = schema.fields[index];
      const nests = (field?.type.children ?? []).length > 0;
      return field?.name === element.name && (nests || element.children.length === 0);
    })
  );
}

function fieldOf(element: ParquetElement): arrow.Field {
  const type = typeOf(element);
  if (element.repetition_type !== REPETITION.repeated) {
    return new arrow.Field(element.name, type, element.repetition_type !== REPETITION.required);
  }
  return new arrow.Field(element.name, new arrow.List(new arrow.Field(element.name, type, false)), false);
}

function typeOf(element: ParquetElement): arrow.DataType {
  if (element.type !== undefined) return leafType(element);
  const { logical_type, converted_type, children } = element;
  const [child] = children;
  if (child !== undefined && children.length === 1) {
    if (logical_type === LOGICAL.list || converted_type === CONVERTED.list) return listType(child);
    const isMap = logical_type === LOGICAL.map || converted_type === CONVERTED.map;
    if ((isMap || converted_type === CONVERTED.map_key_value) && child.children.length === 2) return mapType(child);
  }
  return new arrow.Struct(children.map(fieldOf));
}

/** A list is a repeated group of one field; older writers left the group out. */
function listType(repeated: ParquetElement): arrow.DataType {
  const [item] = repeated.children;
  const wrapped = item !== undefined && repeated.children.length === 1 && repeated.name !== 'array';
  const field = wrapped ? fieldOf(item) : new arrow.Field(repeated.name, typeOf(repeated), false);
  return new arrow.List(field);
}

function mapType(entries: ParquetElement): arrow.DataType {
  const [key, value] = entries.children.map(fieldOf);
  if (key === undefined || value === undefined) return new arrow.Struct(entries.children.map(fieldOf));
  const pair = new arrow.Struct<{ key: arrow.DataType; value: arrow.DataType }>([
    new arrow.Field('key', key.type, false),
    new arrow.Field('value', value.type, value.nullable),
  ]);
  return new arrow.Map_(new arrow.Field('entries', pair, false));
}

function leafType(element: ParquetElement): arrow.DataType {
  const { type, logical_type, converted_type } = element;
  if (logical_type === LOGICAL.decimal || converted_type === CONVERTED.decimal) {
    return new arrow.Decimal(element.scale ?? 0, element.precision ?? 38, 128);
  }
  switch (type) {
    case PHYSICAL.boolean:
      return new arrow.Bool();
    case PHYSICAL.int32:
    case PHYSICAL.int64:
      return integerType(element);
    case PHYSICAL.int96:
      return new arrow.TimestampNanosecond();
    case PHYSICAL.float:
      return new arrow.Float32();
    case PHYSICAL.double:
      return new arrow.Float64();
    case PHYSICAL.fixed:
      return logical_type === LOGICAL.float16
        ? new arrow.Float16()
        : new arrow.FixedSizeBinary(element.type_length ?? 0);
    default:
      return isText(element) ? new arrow.Utf8() : new arrow.Binary();
  }
}

function isText({ logical_type, converted_type }: ParquetElement): boolean {
  const texts: (number | undefined)[] = [LOGICAL.string, LOGICAL.enum, LOGICAL.json];
  if (logical_type !== undefined) return texts.includes(logical_type);
  return converted_type === CONVERTED.utf8 || converted_type === CONVERTED.enum || converted_type === CONVERTED.json;
}

function integerType(element: ParquetElement): arrow.DataType {
  const { logical_type, converted_type, type } = element;
  if (logical_type === LOGICAL.date || converted_type === CONVERTED.date) return new arrow.DateDay();
  const clock = clockOf(element);
  if (clock?.kind === 'timestamp') return new arrow.Timestamp(clock.unit, clock.zoned ? 'UTC' : null);
  if (clock !== null) return new arrow.Time(clock.unit, clock.unit === arrow.TimeUnit.MILLISECOND ? 32 : 64);
  return new arrow.Int(!isUnsigned(element), bitWidth(element) ?? (type === PHYSICAL.int32 ? 32 : 64));
}

function bitWidth({ logical_type, logical_fields, converted_type }: ParquetElement): 8 | 16 | 32 | 64 | null {
  const widths = [8, 16, 32, 64] as const;
  if (logical_type === LOGICAL.integer) return widths.find((width) => width === logical_fields?.[1]) ?? null;
  if (converted_type === undefined || converted_type < CONVERTED.uint_8 || converted_type > CONVERTED.int_64)
    return null;
  return widths[(converted_type - CONVERTED.uint_8) % 4] ?? null;
}
