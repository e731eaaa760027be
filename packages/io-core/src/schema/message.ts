import { isUtf8 } from 'node:buffer';
import { DeltacatError } from '@deltacat/contract';
import { type Field, Message, Schema } from 'apache-arrow';
import { Footer } from 'apache-arrow/ipc/metadata/file';
import { follow, rootTable, tableSlot, textBytes, vectorTables } from './flatbuffer.ts';
import { TYPE_DEPTH_MAX, typeAlias } from './type-name.ts';

/** The most fields, nested ones included, that a schema message may describe. */
const SCHEMA_NODES_MAX = 100_000;

const CONTINUATION = 0xffffffff;
const ALIGNMENT = 8;
const HEADER_SCHEMA = 1;

/**
 * Types that apache-arrow does not know, and the one with the same values and children that it does. Their flatbuffer
 * tables are empty, so the type code is all that differs. Codes are those of Arrow's Schema.fbs.
 */
const PLAIN_TYPE_CODES: Record<number, number> = {
  21: 12, // LargeList -> List
  23: 4, // BinaryView -> Binary
  24: 5, // Utf8View -> Utf8
  25: 12, // ListView -> List
  26: 12, // LargeListView -> List
};

/** The base64 of the encapsulated Arrow IPC schema message, as `pyarrow.ipc.read_schema` reads it. */
export function serializeSchema(schema: Schema): string {
  const message = Message.encode(Message.from(schema, 0));
  const length = Math.ceil((message.length + ALIGNMENT) / ALIGNMENT) * ALIGNMENT;
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(CONTINUATION, 0);
  bytes.writeUInt32LE(length - ALIGNMENT, 4);
  bytes.set(message, ALIGNMENT);
  return bytes.toString('base64');
}

/**
 * Reads a schema message as pyarrow's `Schema.serialize()` makes it. Lists, strings and bytes in their large-offset or
 * view layouts are read as the plain type, which holds the same values. Throws `invalid_schema`.
 */
export function deserializeSchema(base64: string): Schema {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length === 0) throw unreadable('it is not base64');
  return decoded(() => {
    const body = schemaMessageBody(bytes);
    const places = normalizeSchema(body, schemaOfMessage(body));
    const header = Message.decode(body).header();
    if (!header || !('fields' in header)) throw unreadable('it is not a schema message');
    return usableSchema(body, places, header);
  });
}

/**
 * How the buffers of a field lie in a batch: its type by the code of Arrow's Schema.fbs, before large and view layouts were
 * made plain, and its children's. Of a dictionary these are its values'.
 */
export interface Layout {
  code: number;
  children: Layout[];
}

/** The schema of an Arrow file by its footer, read as {@link deserializeSchema} does, and how its batches lie. */
export function footerSchema(bytes: Buffer): { schema: Schema; layouts: Layout[] } {
  return decoded(() => {
    const table = follow(bytes, requiredSlot(bytes, rootTable(bytes), 1));
    const endianness = tableSlot(bytes, table, 0);
    if (endianness !== 0 && bytes.readInt16LE(endianness) !== 0) throw unreadable('its numbers are big-endian');
    const walk = { depth: 1, budget: { nodes: 0 } };
    const layouts = fieldPlaces(bytes, table).map((field) => layoutOf(bytes, field, walk));
    const places = normalizeSchema(bytes, table);
    return { schema: usableSchema(bytes, places, Footer.decode(bytes).schema), layouts };
  });
}

function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DeltacatError) throw error;
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
}

function usableSchema(bytes: Buffer, places: number[], schema: Schema): Schema {
  for (const [index, field] of places.entries()) keepBinaryMetadata(bytes, field, schema.fields[index]?.metadata);
  schema.fields.forEach(requireUsable);
  // The decoder lets two dictionaries have one id, which only a schema made of the fields refuses.
  void new Schema(schema.fields);
  return schema;
}

/** A type that has a name is whole: the decoder takes whatever number a message says. */
function requireUsable(field: Field): void {
  requireName(field);
  try {
    typeAlias(field.type);
  } catch (error) {
    if (!(error instanceof DeltacatError)) throw error;
    throw new DeltacatError(error.code, `Field "${field.name}": ${error.message}`);
  }
}

/** The decoder leaves empty names null. */
function requireName(field: Field): void {
  const name: string = (field.name as string | null) ?? '';
  if (name.includes('\0')) throw unreadable(`the name ${JSON.stringify(name)} of a field is no text`);
  Object.assign(field, { name });
  const children: Field[] = field.type.children ?? [];
  for (const child of children) requireName(child);
}

function schemaMessageBody(bytes: Buffer): Buffer {
  const framed = bytes.readUInt32LE(0) === CONTINUATION;
  const start = framed ? ALIGNMENT : 4;
  const length = bytes.readUInt32LE(framed ? 4 : 0);
  if (start + length > bytes.length) throw unreadable('it is cut short');
  return bytes.subarray(start, start + length);
}

function schemaOfMessage(bytes: Buffer): number {
  const message = rootTable(bytes);
  const kind = tableSlot(bytes, message, 1);
  const header = tableSlot(bytes, message, 2);
  if (kind === 0 || header === 0 || bytes.readUInt8(kind) !== HEADER_SCHEMA) {
    throw unreadable('it is not a schema message');
  }
  return follow(bytes, header);
}

function requiredSlot(bytes: Buffer, table: number, slot: number): number {
  const found = tableSlot(bytes, table, slot);
  if (found === 0) throw unreadable('it has no schema');
  return found;
}

function fieldPlaces(bytes: Buffer, schema: number): number[] {
  return vectorTables(bytes, tableSlot(bytes, schema, 1));
}

interface Walk {
  depth: number;
  budget: { nodes: number };
}

/** Counts a field: a few bytes can describe a tree of any size by repeating a child. */
function enterField({ depth, budget }: Walk): Walk {
  budget.nodes += 1;
  if (depth > TYPE_DEPTH_MAX) throw unreadable(`a type nests deeper than ${TYPE_DEPTH_MAX} levels`);
  if (budget.nodes > SCHEMA_NODES_MAX) throw unreadable(`it has more than ${SCHEMA_NODES_MAX} fields`);
  return { depth: depth + 1, budget };
}

function layoutOf(bytes: Buffer, field: number, walk: Walk): Layout {
  const below = enterField(walk);
  const code = tableSlot(bytes, field, 2);
  const children = vectorTables(bytes, tableSlot(bytes, field, 5));
  return {
    code: code === 0 ? 0 : bytes.readUInt8(code),
    children: children.map((child) => layoutOf(bytes, child, below)),
  };
}

/** Makes every layout plain, and checks what the decoder would take on trust. */
function normalizeSchema(bytes: Buffer, schema: number): number[] {
  const budget = { nodes: 0 };
  checkMetadata(bytes, tableSlot(bytes, schema, 2));
  const fields = fieldPlaces(bytes, schema);
  for (const field of fields) normalizeField(bytes, field, { depth: 1, budget });
  return fields;
}

function normalizeField(bytes: Buffer, field: number, walk: Walk): void {
  const below = enterField(walk);
  const typeCode = tableSlot(bytes, field, 2);
  if (typeCode !== 0) {
    const plain = PLAIN_TYPE_CODES[bytes.readUInt8(typeCode)];
    if (plain !== undefined) bytes.writeUInt8(plain, typeCode);
  }
  checkMetadata(bytes, tableSlot(bytes, field, 6));
  for (const child of vectorTables(bytes, tableSlot(bytes, field, 5))) normalizeField(bytes, child, below);
}

/** The decoder would believe any length. */
function checkMetadata(bytes: Buffer, slot: number): void {
  for (const entry of vectorTables(bytes, slot)) tableSlot(bytes, entry, 1);
}

/** Older writers left field defaults as bytes that are no text; they become base64, as newer ones write them. */
function keepBinaryMetadata(bytes: Buffer, field: number, metadata: Map<string, string> | undefined): void {
  for (const entry of vectorTables(bytes, tableSlot(bytes, field, 6))) {
    const value = textBytes(bytes, tableSlot(bytes, entry, 1));
    if (!isUtf8(value))
      metadata?.set(textBytes(bytes, tableSlot(bytes, entry, 0)).toString(), value.toString('base64'));
  }
}

function unreadable(reason: string): DeltacatError {
  return new DeltacatError(
    'invalid_schema',
    `The serialized schema cannot be read: ${reason}. Send the base64 of an Arrow IPC schema message, or a list of fields.`,
  );
}
