import { DeltacatError, type Endpoint, type Shape, stringifyJson } from '@deltacat/contract';
import type { Request } from './transport.ts';

/** What may be said about one call beside its input. */
export interface CallOptions {
  /** Gives the call up; it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** The input of a call. */
export interface CallInput extends CallOptions {
  fields: Record<string, unknown>;
  catalog?: string | undefined;
}

/** Operations that may be sent twice though they are no GET and have no id: they do no more the second time. */
const REPEATABLE = ['plan_read', 'heartbeat_transaction', 'commit_transaction', 'abort_transaction'];

/** Longer values of a query travel in the body where there is one: proxies and servers cut long addresses off. */
const QUERY_VALUE_LENGTH_MAX = 1_000;

/**
 * One flat object of fields as a request: each goes where its endpoint has it, in the path, the query or the body. The
 * client's catalog stands in where none is named. Changes get an operation id, which makes it safe to send them again.
 */
export function toRequest(endpoint: Endpoint, { fields, catalog, signal }: CallInput): Request {
  const given = { ...defaultsOf(endpoint, catalog), ...withoutAbsent(fields) };
  refuseUnknown(endpoint, given);
  const { query, body } = split(endpoint, given);
  return {
    method: endpoint.method,
    path: pathOf(endpoint, given) + (query && `?${query}`),
    repeatable: isRepeatable(endpoint, given),
    ...(body === null ? {} : { body: stringifyJson(body) }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** An operation id that no one else uses. */
export function newOperationId(): string {
  return `op_${crypto.randomUUID().replaceAll('-', '')}`;
}

function defaultsOf(endpoint: Endpoint, catalog: string | undefined): Record<string, unknown> {
  const defaults: Record<string, unknown> = {};
  if (catalog !== undefined && takesCatalog(endpoint)) defaults.catalog = catalog;
  if (has(endpoint, 'operation_id')) defaults.operation_id = newOperationId();
  return defaults;
}

/** Whether an operation is about the catalog that it is told. What is named by its id is in a catalog of its own. */
export function takesCatalog(endpoint: Endpoint): boolean {
  const { params } = endpoint;
  return has(endpoint, 'catalog') && !('session_id' in params || 'transaction_id' in params);
}

function has({ query, body }: Endpoint, field: string): boolean {
  return field in query || field in body;
}

function isRepeatable(endpoint: Endpoint, given: Record<string, unknown>): boolean {
  return endpoint.method === 'GET' || REPEATABLE.includes(endpoint.op) || typeof given.operation_id === 'string';
}

function refuseUnknown({ op, input }: Endpoint, given: Record<string, unknown>): void {
  const known = Object.keys(input.shape);
  const unknown = Object.keys(given).find((field) => !known.includes(field));
  if (unknown === undefined) return;
  throw new DeltacatError('invalid_input', `${op} has no field "${unknown}"; it has ${known.join(', ')}.`);
}

function pathOf({ op, path }: Endpoint, given: Record<string, unknown>): string {
  return path.replace(/\{(\w+)\}/g, (_match, field: string) => {
    const value = given[field];
    if (typeof value === 'bigint' || typeof value === 'number') return String(value);
    if (value === '.' || value === '..') {
      // Addresses leave such parts out, which would make it another operation.
      throw new DeltacatError('invalid_input', `${op} cannot have "${value}" as its "${field}".`);
    }
    if (typeof value === 'string' && value !== '') return encodeURIComponent(value);
    throw new DeltacatError('invalid_input', `${op} needs "${field}", a text that is not empty.`);
  });
}

function split(endpoint: Endpoint, given: Record<string, unknown>): { query: string; body: object | null } {
  const query = new URLSearchParams();
  const body = pick(endpoint.body, given);
  for (const [name, value] of Object.entries(pick(endpoint.query, given))) {
    const text = queryText(value);
    if (endpoint.method !== 'GET' && text.length > QUERY_VALUE_LENGTH_MAX) body[name] = value;
    else query.set(name, text);
  }
  const hasBody = Object.keys(endpoint.body).length + Object.keys(body).length > 0;
  return { query: query.toString(), body: hasBody ? body : null };
}

/** Lists and objects travel as JSON text, everything else as itself. */
function queryText(value: unknown): string {
  return typeof value === 'object' ? stringifyJson(value) : String(value);
}

function pick(shape: Shape, given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([field]) => field in shape));
}

/** In a request, null and absent are alike; only inside values does null mean something. */
function withoutAbsent(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}
