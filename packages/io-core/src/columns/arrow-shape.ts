/** An Arrow field of any copy of the library. */
export interface ArrowField {
  readonly name: string;
  readonly type: { readonly typeId: number };
  readonly nullable: boolean;
  readonly metadata: ReadonlyMap<string, string>;
}

/** An Arrow schema of any copy of the library. */
export interface ArrowSchema {
  readonly fields: readonly ArrowField[];
  readonly metadata: ReadonlyMap<string, string>;
}

/** Arrow data of any copy of the library: the buffers of a part of a column. */
export interface ArrowData {
  readonly type: { readonly typeId: number };
  readonly length: number;
  readonly children: readonly ArrowData[];
}

/** An Arrow vector of any copy of the library. */
export interface ArrowVector extends Iterable<unknown> {
  readonly type: { readonly typeId: number };
  readonly length: number;
  readonly data: readonly ArrowData[];
}

/** An Arrow record batch of any copy of the library. */
export interface ArrowBatch {
  readonly schema: ArrowSchema;
  readonly numRows: number;
  readonly data: ArrowData;
}

/** An Arrow table of any copy of the library. */
export interface ArrowTable {
  readonly schema: ArrowSchema;
  readonly numRows: number;
  readonly batches: readonly ArrowBatch[];
}

/**
 * Whether a value is an Arrow table. Programs may hold several copies of apache-arrow, each with classes of its own, so
 * that a table is known by what it has.
 */
export function isArrowTable(value: unknown): value is ArrowTable {
  return isObject(value) && isSchema(value.schema) && Array.isArray(value.batches) && value.batches.every(isArrowBatch);
}

/** Whether a value is an Arrow record batch, of whatever copy of the library. */
export function isArrowBatch(value: unknown): value is ArrowBatch {
  return isObject(value) && isSchema(value.schema) && typeof value.numRows === 'number' && isData(value.data);
}

/** Whether a value is an Arrow vector, of whatever copy of the library. */
export function isArrowVector(value: unknown): value is ArrowVector {
  return isData(value, false) && Array.isArray(value.data) && value.data.every((data) => isData(data));
}

function isSchema(value: unknown): value is ArrowSchema {
  return isObject(value) && Array.isArray(value.fields) && value.fields.every((field) => hasType(field));
}

function isData(value: unknown, nests = true): value is ArrowData & { data?: unknown } {
  return hasType(value) && typeof value.length === 'number' && (!nests || Array.isArray(value.children));
}

function hasType(value: unknown): value is { type: { typeId: number } } & Record<string, unknown> {
  return isObject(value) && isObject(value.type) && typeof value.type.typeId === 'number';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
