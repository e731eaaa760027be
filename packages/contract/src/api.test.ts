import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { API } from './api.ts';
import type { Endpoint } from './endpoint.ts';
import { CONTENT_TYPES, DELTA_TYPES, LIFECYCLE_STATES, WRITE_MODES } from './values/words.ts';

interface OfficialEndpoint {
  op: string;
  method: string;
  path: string;
  since: string;
  status: number;
  query: string[];
  query_since_067: string[];
  body?: string[];
  response?: { list: boolean; required: string[]; 'optional_0.1.0': string[] };
}

const official = JSON.parse(readFileSync(new URL('./testdata/official-clients.json', import.meta.url), 'utf8')) as {
  endpoints: OfficialEndpoint[];
  enums: Record<string, string[]>;
};
const endpoints = Object.values(API) as Endpoint[];
const served = official.endpoints.flatMap((theirs) => {
  const ours = endpoints.find(({ method, path }) => method === theirs.method && path === theirs.path);
  return ours ? [{ theirs, ours }] : [];
});

/** What the newest client may send that has no meaning here yet; it is accepted and left aside. */
const LEFT_ASIDE = new Set([
  'exact_stats',
  'metadata_only',
  'include_stats',
  'staged_stream_id',
  'expected_table_id',
  'allow_full_packds_scan',
  'credential_data_root_uris',
  'manifest_identity_properties',
  'include_partition_frontier',
  'frontier_operation_id',
  'frontier_authority_id',
  'include_folded_b0_delta_authority',
  'folded_b0_facts_delta_authority_version',
  'uncredentialed_manifest_only',
]);

function fieldsOf(schema: z.ZodType): string[] {
  if (schema instanceof z.ZodArray) return fieldsOf(schema.element as z.ZodType);
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

test('most of the catalog that client 0.1.0 calls is served', () => {
  expect(served.filter(({ theirs }) => theirs.since === '0.1.0').length).toBeGreaterThanOrEqual(27);
});

test.each(served)(
  '$theirs.method $theirs.path answers with the status the official clients demand',
  ({ theirs, ours }) => {
    expect(ours.status).toBe(theirs.status);
  },
);

test.each(served)(
  '$theirs.method $theirs.path takes every field that the official clients send',
  ({ theirs, ours }) => {
    const known = new Set([...Object.keys(ours.query), ...Object.keys(ours.body)]);
    const missing = [...theirs.query, ...(theirs.body ?? [])].filter(
      (name) => !known.has(name) && !LEFT_ASIDE.has(name),
    );
    expect(missing).toEqual([]);
  },
);

test.each(served)(
  '$theirs.method $theirs.path answers with every field that the official clients require',
  ({ theirs, ours }) => {
    const fields = fieldsOf(ours.output);
    expect((theirs.response?.required ?? []).filter((name) => !fields.includes(name))).toEqual([]);
    if (theirs.response) expect(ours.output instanceof z.ZodArray).toBe(theirs.response.list);
  },
);

test('operations that the official clients know are called by the same name', () => {
  const renamed = served.filter(({ theirs, ours }) => theirs.op !== ours.op).map(({ theirs }) => theirs.op);
  expect(renamed).toEqual(['health_health_get']);
});

test('the words of the enums are those of the official clients', () => {
  const ours = {
    WriteMode: WRITE_MODES,
    ContentType: CONTENT_TYPES,
    DeltaType: DELTA_TYPES,
    LifecycleState: LIFECYCLE_STATES,
  };
  for (const [name, words] of Object.entries(ours))
    expect(words, name).toEqual(expect.arrayContaining(official.enums[name] ?? []));
});

test('every operation is named after its key, and every route and tool is used once', () => {
  expect(endpoints.map(({ op }) => op)).toEqual(Object.keys(API));
  const routes = endpoints.map(({ method, path }) => `${method} ${path}`);
  expect(new Set(routes).size).toBe(routes.length);
  const tools = endpoints.flatMap(({ tool }) => tool ?? []);
  expect(new Set(tools).size).toBe(tools.length);
});

test('the fields of a path are exactly the params of its endpoint', () => {
  for (const { op, path, params } of endpoints) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    expect(Object.keys(params), op).toEqual(named);
  }
});
