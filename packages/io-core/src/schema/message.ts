import { isUtf8 } from 'node:buffer';
import { DeltacatError } from '@deltacat/contract';
import { type Field, Message, type Schema } from 'apache-arrow';
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
  try {
    const body = schemaMessageBody(bytes);
    const fields = normalizeSchemaMessage(body);
    const header = Message.decode(body).header();
    if (!header || !('fields' in header)) throw unreadable('it is not a schema message');
    for (const [index, field] of fields.entries()) keepBinaryMetadata(body, field, header.fields[index]?.metadata);
    header.fields.forEach(requireUsable);
    return header;
  } catch (error) {
    if (error instanceof DeltacatError) throw error;
    throw unreadable(error instanceof Error ? error.message : String(error));
  }
}

/** A type that has a name is whole: the decoder takes whatever number a message says. */
function requireUsable(field: Field): void {
  try {
    typeAlias(field.type);
  } catch (error) {
    if (!(error instanceof DeltacatError)) throw error;
    throw new DeltacatError(error.code, `Field "${field.name}": ${error.message}`);
  }
}

function schemaMessageBody(bytes: Buffer): Buffer {
  const framed = bytes.readUInt32LE(0) === CONTINUATION;
  const start = framed ? ALIGNMENT : 4;
  const length = bytes.readUInt32LE(framed ? 4 : 0);
  if (start + length > bytes.length) throw unreadable('it is cut short');
  return bytes.subarray(start, start + length);
}

/** Walks the message before it is decoded, since a few bytes can describe a tree of any size by repeating a child. */
function normalizeSchemaMessage(bytes: Buffer): number[] {
  const message = bytes.readUInt32LE(0);
  const kind = tableSlot(bytes, message, 1);
  const header = tableSlot(bytes, message, 2);
  if (kind === 0 || header === 0 || bytes.readUInt8(kind) !== HEADER_SCHEMA) {
    throw unreadable('it is not a schema message');
  }
  const budget = { nodes: 0 };
  const schema = follow(bytes, header);
  checkMetadata(bytes, tableSlot(bytes, schema, 2));
  const fields = [...vectorItems(bytes, tableSlot(bytes, schema, 1))];
  for (const field of fields) normalizeField(bytes, field, { depth: 1, budget });
  return fields;
}

function normalizeField(bytes: Buffer, field: number, at: { depth: number; budget: { nodes: number } }): void {
  at.budget.nodes += 1;
  if (at.depth > TYPE_DEPTH_MAX) throw unreadable(`a type nests deeper than ${TYPE_DEPTH_MAX} levels`);
  if (at.budget.nodes > SCHEMA_NODES_MAX) throw unreadable(`it has more than ${SCHEMA_NODES_MAX} fields`);
  const typeCode = tableSlot(bytes, field, 2);
  if (typeCode !== 0) {
    const plain = PLAIN_TYPE_CODES[bytes.readUInt8(typeCode)];
    if (plain !== undefined) bytes.writeUInt8(plain, typeCode);
  }
  checkMetadata(bytes, tableSlot(bytes, field, 6));
  for (const child of vectorItems(bytes, tableSlot(bytes, field, 5))) {
    normalizeField(bytes, child, { depth: at.depth + 1, budget: at.budget });
  }
}

/** The decoder would believe any length. */
function checkMetadata(bytes: Buffer, slot: number): void {
  for (const entry of vectorItems(bytes, slot)) tableSlot(bytes, entry, 1);
}

/** Older writers left field defaults as bytes that are no text; they become base64, as newer ones write them. */
function keepBinaryMetadata(bytes: Buffer, field: number, metadata: Map<string, string> | undefined): void {
  for (const entry of vectorItems(bytes, tableSlot(bytes, field, 6))) {
    const value = textBytes(bytes, tableSlot(bytes, entry, 1));
    if (!isUtf8(value))
      metadata?.set(textBytes(bytes, tableSlot(bytes, entry, 0)).toString(), value.toString('base64'));
  }
}

function textBytes(bytes: Buffer, slot: number): Buffer {
  if (slot === 0) return bytes.subarray(0, 0);
  const start = follow(bytes, slot);
  return bytes.subarray(start + 4, start + 4 + bytes.readUInt32LE(start));
}

/** Where a slot of a flatbuffer table lies, or 0 when the table leaves it out. */
function tableSlot(bytes: Buffer, table: number, slot: number): number {
  const fields = table - bytes.readInt32LE(table);
  const entry = 4 + slot * 2;
  const offset = entry < bytes.readUInt16LE(fields) ? bytes.readUInt16LE(fields + entry) : 0;
  return offset === 0 ? 0 : table + offset;
}

function* vectorItems(bytes: Buffer, slot: number): Iterable<number> {
  if (slot === 0) return;
  const vector = follow(bytes, slot);
  const length = bytes.readUInt32LE(vector);
  if (vector + 4 + length * 4 > bytes.length) throw unreadable('a list in it is longer than the message');
  for (let index = 0; index < length; index += 1) yield follow(bytes, vector + 4 + index * 4);
}

function follow(bytes: Buffer, at: number): number {
  return at + bytes.readUInt32LE(at);
}

function unreadable(reason: string): DeltacatError {
  return new DeltacatError(
    'invalid_schema',
    `The serialized schema cannot be read: ${reason}. Send the base64 of an Arrow IPC schema message, or a list of fields.`,
  );
}
