import { z } from 'zod';
import { API } from './api.ts';
import { type Endpoint, NEXT_TOKEN_HEADER, type Shape } from './endpoint.ts';
import { ERRORS, type ErrorCode } from './errors.ts';
import { type JsonSchema, toSchema } from './to-schema.ts';

/** Codes that any endpoint may answer. */
const EVERYWHERE: ErrorCode[] = ['invalid_input', 'internal_server_error', 'service_unavailable'];
const WITH_BODY: ErrorCode[] = ['invalid_json', 'payload_too_large'];
const IN_TRANSACTION: ErrorCode[] = ['transaction_not_found', 'transaction_closed', 'transaction_version_mismatch'];
const CHANGING_IN_TRANSACTION: ErrorCode[] = ['read_only_transaction'];
const OUTSIDE_TRANSACTION: ErrorCode[] = ['not_transactional'];

/** Every code that an endpoint may answer: its own and those that come with its shape. */
export function errorsOf(endpoint: Endpoint): ErrorCode[] {
  const codes = [
    ...endpoint.errors,
    ...EVERYWHERE,
    ...(hasBody(endpoint) ? WITH_BODY : []),
    ...transactionErrors(endpoint),
  ];
  return [...new Set(codes)];
}

/** Codes of calls that name a transaction. */
function transactionErrors({ query, body, transactional, role }: Endpoint): ErrorCode[] {
  if (!transactional) return 'transaction_id' in query || 'transaction_id' in body ? OUTSIDE_TRANSACTION : [];
  return role === 'READER' ? IN_TRANSACTION : [...IN_TRANSACTION, ...CHANGING_IN_TRANSACTION];
}

/** The OpenAPI 3.1 document of the whole API, made from the endpoint table. */
export function openApiDocument(version: string): JsonSchema {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const endpoint of Object.values(API) as Endpoint[]) {
    const path = paths[endpoint.path] ?? {};
    paths[endpoint.path] = path;
    path[endpoint.method.toLowerCase()] = operationOf(endpoint);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'DeltaCAT API', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: { schemas: { Error: ERROR_SCHEMA } },
  };
}

function operationOf(endpoint: Endpoint): JsonSchema {
  const body = hasBody(endpoint)
    ? { requestBody: { required: true, content: json(toSchema(z.object(endpoint.body), 'input')) } }
    : {};
  return {
    operationId: endpoint.op,
    tags: [endpoint.tag],
    summary: endpoint.summary,
    parameters: [...parametersOf(endpoint, 'params', 'path'), ...parametersOf(endpoint, 'query', 'query')],
    ...body,
    responses: {
      [endpoint.status]: {
        description: 'Success',
        ...(endpoint.paged ? { headers: NEXT_TOKEN } : {}),
        content: json(toSchema(endpoint.output, 'output')),
      },
      ...errorResponses(errorsOf(endpoint)),
    },
  };
}

const NEXT_TOKEN: JsonSchema = {
  [NEXT_TOKEN_HEADER]: {
    description: 'Send it as next_token to get the next page; absent after the last.',
    schema: { type: 'string' },
  },
};

function hasBody(endpoint: Endpoint): boolean {
  return Object.keys(endpoint.body).length > 0;
}

function parametersOf(endpoint: Endpoint, part: 'params' | 'query', place: 'path' | 'query'): JsonSchema[] {
  const shape: Shape = endpoint[part];
  const schema = toSchema(z.object(shape), 'input') as { properties?: Record<string, JsonSchema>; required?: string[] };
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || (schema.required ?? []).includes(name),
    ...(typeof property.description === 'string' ? { description: property.description } : {}),
    schema: property,
  }));
}

function errorResponses(codes: ErrorCode[]): JsonSchema {
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status);
  const entries = [...byStatus].sort(([a], [b]) => a - b);
  return Object.fromEntries(
    entries.map(([status, some]) => [
      status,
      {
        description: some.map((code) => `${code}: ${ERRORS[code].meaning}`).join(' '),
        content: json({ $ref: '#/components/schemas/Error' }),
      },
    ]),
  );
}

function json(schema: JsonSchema): JsonSchema {
  return { 'application/json': { schema } };
}

const ERROR_SCHEMA: JsonSchema = {
  type: 'object',
  required: ['error', 'detail'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'retryable', 'details'],
      properties: {
        code: { type: 'string', enum: Object.keys(ERRORS) },
        message: { type: 'string', description: 'What happened, to which thing, and what to do.' },
        retryable: { type: 'boolean', description: 'Whether the same request may succeed later.' },
        details: { type: 'object', additionalProperties: true },
        request_id: { type: 'string', description: 'The name of this request in the server log.' },
      },
    },
    detail: { description: 'The message again; for invalid_input a list of {loc, msg, type}.' },
  },
};
