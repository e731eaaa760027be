import { TYPE_DEPTH_MAX } from '../schema/type-name.ts';

/** A type of an Avro schema, by the specification's words; names are resolved, so that it stands by itself. */
export type AvroType =
  | { type: 'null' | 'boolean' | 'float' | 'double' | 'string' }
  | { type: 'int' | 'long'; logical: string | null }
  | { type: 'bytes'; logical: string | null; precision: number; scale: number }
  | { type: 'fixed'; logical: string | null; precision: number; scale: number; size: number }
  | { type: 'enum'; symbols: string[] }
  | { type: 'array'; items: AvroType }
  | { type: 'map'; values: AvroType }
  | { type: 'record'; fields: AvroField[] }
  | { type: 'union'; branches: AvroType[] };

/** A field of a record. */
export interface AvroField {
  name: string;
  type: AvroType;
}

/** A schema names its types, so that a few hundred bytes can describe a tree of any size. */
const NODES_MAX = 100_000;
const FIXED_BYTES_MAX = 2 ** 20;

interface Scope {
  /** Named types, by their full names; null while they are being read. */
  names: Map<string, AvroType | null>;
  namespace: string;
  depth: number;
  budget: { nodes: number };
}

/** Reads an Avro schema. Throws a RangeError for what is none, and for types that hold themselves, which no column does. */
export function readAvroSchema(text: string): AvroType {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new RangeError('its schema is not JSON');
  }
  return readType(json, { names: new Map(), namespace: '', depth: 1, budget: { nodes: 0 } });
}

function readType(json: unknown, outer: Scope): AvroType {
  const scope = { ...outer, depth: outer.depth + 1 };
  scope.budget.nodes += 1;
  if (scope.depth > TYPE_DEPTH_MAX * 2) throw new RangeError(`a type nests deeper than ${TYPE_DEPTH_MAX} levels`);
  if (scope.budget.nodes > NODES_MAX) throw new RangeError(`its schema has more than ${NODES_MAX} types`);
  if (Array.isArray(json)) return { type: 'union', branches: json.map((branch) => readType(branch, scope)) };
  if (typeof json === 'string') return PRIMITIVES.has(json) ? primitive(json, {}) : named(json, scope);
  if (!isObject(json)) throw new RangeError('a type in its schema is no text, list or object');
  const { type } = json;
  if (typeof type !== 'string') return readType(type, scope);
  if (PRIMITIVES.has(type)) return primitive(type, json);
  const read = COMPLEX[type];
  return read === undefined ? named(type, scope) : read(json, scope);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const PRIMITIVES = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']);

function primitive(type: string, json: Record<string, unknown>): AvroType {
  const logical = typeof json.logicalType === 'string' ? json.logicalType : null;
  if (type === 'int' || type === 'long') return { type, logical };
  if (type === 'bytes') return { type, logical, ...digits(json) };
  // The names that are left have no logical types that matter here.
  return { type: type as 'null' | 'boolean' | 'float' | 'double' | 'string' };
}

function digits({ precision, scale }: Record<string, unknown>): { precision: number; scale: number } {
  return { precision: Number(precision ?? 0), scale: Number(scale ?? 0) };
}

function named(name: string, { names, namespace, budget }: Scope): AvroType {
  const found = names.get(fullName(name, namespace)) ?? names.get(name);
  if (found === undefined) throw new RangeError(`its schema has no type "${name}"`);
  if (found === null) throw new RangeError(`its type "${name}" holds itself, which no column does`);
  budget.nodes += countNodes(found);
  if (budget.nodes > NODES_MAX) throw new RangeError(`its schema has more than ${NODES_MAX} types`);
  return found;
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

const counts = new WeakMap<AvroType, number>();

function countNodes(type: AvroType): number {
  const known = counts.get(type);
  if (known !== undefined) return known;
  const count = childrenOf(type).reduce((sum, child) => sum + countNodes(child), 1);
  counts.set(type, count);
  return count;
}

function childrenOf(type: AvroType): AvroType[] {
  if (type.type === 'array') return [type.items];
  if (type.type === 'map') return [type.values];
  if (type.type === 'union') return type.branches;
  return type.type === 'record' ? type.fields.map((field) => field.type) : [];
}

type Read = (json: Record<string, unknown>, scope: Scope) => AvroType;

const COMPLEX: Record<string, Read> = {
  array: ({ items }, scope) => ({ type: 'array', items: readType(items, scope) }),
  map: ({ values }, scope) => ({ type: 'map', values: readType(values, scope) }),
  fixed: (json, scope) =>
    define(json, scope, () => {
      const size = Number(json.size);
      if (!Number.isInteger(size) || size < 0 || size > FIXED_BYTES_MAX)
        throw new RangeError('a fixed type has no size');
      const logical = typeof json.logicalType === 'string' ? json.logicalType : null;
      return { type: 'fixed', logical, ...digits(json), size };
    }),
  enum: (json, scope) =>
    define(json, scope, () => {
      const symbols = Array.isArray(json.symbols) ? json.symbols.map(String) : [];
      return { type: 'enum', symbols };
    }),
  record: (json, scope) => define(json, scope, (inner) => ({ type: 'record', fields: readFields(json, inner) })),
  error: (json, scope) => define(json, scope, (inner) => ({ type: 'record', fields: readFields(json, inner) })),
};

function define(json: Record<string, unknown>, scope: Scope, read: (inner: Scope) => AvroType): AvroType {
  const name = String(json.name ?? '');
  const namespace = typeof json.namespace === 'string' ? json.namespace : scope.namespace;
  const full = fullName(name, namespace);
  scope.names.set(full, null);
  const type = read({ ...scope, namespace: full.split('.').slice(0, -1).join('.') });
  scope.names.set(full, type);
  return type;
}

function readFields({ fields }: Record<string, unknown>, scope: Scope): AvroField[] {
  if (!Array.isArray(fields)) throw new RangeError('a record in its schema has no fields');
  return fields.map((field) => {
    if (!isObject(field) || typeof field.name !== 'string') throw new RangeError('a field in its schema has no name');
    return { name: field.name, type: readType(field.type, scope) };
  });
}
