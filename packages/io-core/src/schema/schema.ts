import { DeltacatError, mergeOrder, type SchemaField } from '@deltacat/contract';
import { type DataType, Field, MetadataVersion, Schema } from 'apache-arrow';
import { decodeDefault, encodeDefault } from './defaults.ts';
import { arrowType, type DictionaryIds } from './type-alias.ts';
import { typeAlias } from './type-name.ts';

export { deserializeSchema, serializeSchema } from './message.ts';
export { arrowType } from './type-alias.ts';
export { typeAlias } from './type-name.ts';

/** Where Arrow keeps what its own fields do not say; the names are those of the Python library. */
const KEYS = {
  field_id: 'PARQUET:field_id',
  past_default: 'DELTACAT:past_default',
  future_default: 'DELTACAT:future_default',
  consistency_type: 'DELTACAT:consistency_type',
  is_merge_key: 'DELTACAT:merge_key',
  merge_order: 'DELTACAT:merge_order',
  is_event_time: 'DELTACAT:event_time',
  doc: 'DELTACAT:doc',
} as const;

const CONSISTENCY = ['none', 'coerce', 'validate'] as const;

/** The Arrow schema of a table's fields; what Arrow has no word for is in the fields' metadata. Throws `invalid_schema`. */
export function arrowSchema(fields: SchemaField[]): Schema {
  const ids: DictionaryIds = { next: 0 };
  const arrowFields = fields.map((field) => {
    const { name } = field;
    if (name.includes('\0') || !name.isWellFormed()) {
      throw new DeltacatError('invalid_schema', `Field ${JSON.stringify(name)} has a name that is no text; rename it.`);
    }
    const type = fieldType(field, ids);
    const metadata = named(name, () => fieldMetadata(field, type));
    return new Field(name, type, field.nullable ?? true, metadata);
  });
  return new Schema(arrowFields, new Map(), undefined, MetadataVersion.V5);
}

/** The fields of an Arrow schema: the inverse of {@link arrowSchema}. Throws `invalid_schema`. */
export function schemaFields(schema: Schema): SchemaField[] {
  return schema.fields.map((field) => {
    const summary: SchemaField = {
      name: field.name,
      type: named(field.name, () => typeAlias(field.type)),
      nullable: field.nullable,
      past_default: storedDefault(field, KEYS.past_default),
      future_default: storedDefault(field, KEYS.future_default),
    };
    const id = field.metadata.get(KEYS.field_id);
    if (id !== undefined && /^\d{1,9}$/.test(id)) summary.field_id = Number(id);
    const consistency = CONSISTENCY.find((word) => word === field.metadata.get(KEYS.consistency_type)?.toLowerCase());
    if (consistency) summary.consistency_type = consistency;
    if (isSet(field, KEYS.is_merge_key)) summary.is_merge_key = true;
    if (isSet(field, KEYS.is_event_time)) summary.is_event_time = true;
    const doc = field.metadata.get(KEYS.doc);
    if (doc) summary.doc = doc;
    const order = mergeOrder.safeParse(storedDefault(field, KEYS.merge_order));
    if (order.success) summary.merge_order = order.data;
    return withoutAbsent(summary);
  });
}

/** The Arrow type of a field; the error names the field. */
export function fieldType(field: SchemaField, ids: DictionaryIds | null = null): DataType {
  return named(field.name, () => arrowType(field.type, ids));
}

function fieldMetadata(field: SchemaField, type: DataType): Map<string, string> {
  const metadata = new Map<string, string>();
  const put = (key: string, value: string | null | undefined) => {
    if (value !== null && value !== undefined) metadata.set(key, value);
  };
  put(KEYS.field_id, field.field_id?.toString());
  put(KEYS.past_default, encodeDefault(field.past_default, type));
  put(KEYS.future_default, encodeDefault(field.future_default, type));
  put(KEYS.consistency_type, field.consistency_type);
  put(KEYS.is_merge_key, field.is_merge_key ? 'True' : null);
  put(KEYS.is_event_time, field.is_event_time ? 'True' : null);
  put(KEYS.merge_order, encodeDefault(field.merge_order, null));
  put(KEYS.doc, field.doc);
  return metadata;
}

function storedDefault(field: Field, key: string): unknown {
  const text = field.metadata.get(key);
  if (text === undefined) return undefined;
  return named(field.name, () => decodeDefault(text, key === KEYS.merge_order ? null : field.type));
}

function isSet(field: Field, key: string): boolean {
  return field.metadata.get(key)?.toLowerCase() === 'true';
}

function withoutAbsent(field: SchemaField): SchemaField {
  if (field.past_default === undefined) delete field.past_default;
  if (field.future_default === undefined) delete field.future_default;
  return field;
}

function named<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DeltacatError)) throw error;
    throw new DeltacatError(error.code, `Field "${field}": ${error.message}`, error.details);
  }
}
