import { afterAll, beforeAll, expect, test } from 'vitest';
import { publishMadeUp } from '../testing/made-up-files.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { type ChosenFiles, readChosenFiles, readFiles } from './files.ts';

const DELTAS = 30;
const FILES = 150;

let server: TestServer;
let ids: string[];
beforeAll(async () => {
  server = await startTestServer();
  const body = { table: 't', schema_def: [{ name: 'id', type: 'int64' }], auto_create_namespace: true };
  expect((await server.request('POST', '/v1/namespaces/test/tables', body)).status).toBe(201);
  const files = Array.from({ length: FILES }, (_, index) => ({ name: `f${index}`, records: index }));
  const deltas = Array.from({ length: DELTAS }, () => ({ type: 'append' as const, files }));
  await publishMadeUp(server.requestContext(), 't', { deltas });
  const rows = await server.context.db.reader.selectFrom('deltas').select('manifest_id').orderBy('row_id').execute();
  ids = rows.map(({ manifest_id }) => manifest_id);
});
afterAll(() => server.close());

/** The places from one up to another. */
const places = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

test.each<[string, () => ChosenFiles[]]>([
  ['one of each manifest', () => ids.map((manifest_id, index) => ({ manifest_id, ordinals: [index] }))],
  ['more than one statement names', () => ids.map((manifest_id) => ({ manifest_id, ordinals: places(10, 60) }))],
  ['nearly all of a manifest', () => [{ manifest_id: ids[3] ?? '', ordinals: places(1, FILES) }]],
  [
    'all, some and none',
    () => [
      { manifest_id: ids[0] ?? '', ordinals: null },
      { manifest_id: ids[1] ?? '', ordinals: [7] },
    ],
  ],
  ['two parts of one', () => [5, 8].map((place) => ({ manifest_id: ids[2] ?? '', ordinals: [place] }))],
  [
    'a part of one that is wanted whole, too',
    () => [[1], null].map((ordinals) => ({ manifest_id: ids[2] ?? '', ordinals })),
  ],
])('chosen files are those of the whole at the same places: %s', async (_, choose) => {
  const { reader } = server.context.db;
  const chosen = choose();
  const whole = await readFiles(reader, ids);
  const found = await readChosenFiles(reader, chosen);
  expect([...found.keys()].toSorted()).toEqual([...new Set(chosen.map(({ manifest_id }) => manifest_id))].toSorted());
  for (const { manifest_id, ordinals } of chosen) {
    for (const place of ordinals ?? places(0, FILES)) {
      expect(found.get(manifest_id)?.[place]).toEqual(whole.get(manifest_id)?.[place]);
      expect(found.get(manifest_id)?.[place]?.record_count).toBe(place);
    }
  }
});
