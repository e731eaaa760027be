import { mkdirSync, readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BREAKAGES } from '../testing/breakages.ts';
import { makeBusyHistory } from '../testing/busy-history.ts';
import { seededRandom } from '../testing/random.ts';
import { ManualClock } from '../testing/server.ts';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { CHECKS } from './checks/checks.ts';
import { checkStore, type StoreCheckOptions } from './fsck.ts';

let on: Transacting;
let clock: ManualClock;
beforeEach(async () => {
  clock = new ManualClock();
  on = await startTransacting(clock);
});
afterEach(() => on.close());

const DAY_MS = 86_400_000;
const WHOLE = { files: true, history: true, orphans_older_than_ms: DAY_MS, progress: () => {} };

const check = (options: Partial<StoreCheckOptions> = {}) =>
  checkStore(on.server.context.config, { ...WHOLE, ...options });

async function codesOf(options: Partial<StoreCheckOptions> = {}): Promise<string[]> {
  return (await check(options)).found.map(({ code }) => code);
}

/** Something of everything: a rewrite, a transaction that was committed, and one that is open. */
async function makeSmallHistory(): Promise<void> {
  await on.createTable('t');
  await on.createTable('u');
  await on.write('t', [{ id: 1, v: 'a' }]);
  await on.write('t', [{ id: 1, v: 'b' }]);
  await on.must(on.server.requestAs({})('POST', '/v1/namespaces/n/tables/t/plan'));
  await on.write('u', [{ id: 1, v: 'a' }]);
  const committed = await on.begin();
  await committed.write('t', [{ id: 2, v: 'c' }]);
  await on.must(committed.commit());
  const open = await on.begin();
  await open.write('t', [{ id: 3, v: 'd' }], 'replace');
}

test('a store with a busy history has nothing to find, whatever it went through', async () => {
  const random = seededRandom();
  await makeBusyHistory({ on, clock, random }, 40);
  const report = await check();
  expect(report.found, `SEED=${random.seed}`).toEqual([]);
  expect(report.orphans).toMatchObject({ count: 0 });
  expect(report.files).toBeGreaterThan(10);
  expect(report.catalogs).toMatchObject([{ name: 'default', head_seq: expect.any(Number) }]);
});

test('a store that is being written to is checked as it was at one moment', async () => {
  await on.createTable('t');
  let isOver = false;
  const writing = (async () => {
    for (let id = 0; !isOver; id += 1) await on.post('/v1/namespaces/n/tables/t/write', { data: [{ id, v: 'x' }] });
  })();
  for (let round = 0; round < 5; round += 1) expect(await codesOf()).toEqual([]);
  isOver = true;
  await writing;
});

describe('what is broken is found, and nothing else', () => {
  test.each(BREAKAGES.map(({ codes, statement }) => [codes.join(' '), statement] as const))(
    '%s',
    async (codes, statement) => {
      await makeSmallHistory();
      expect(await codesOf()).toEqual([]);
      await on.server.context.db.unit('any', (queries) => statement.execute(queries));
      expect(await codesOf()).toEqual(codes.split(' '));
    },
  );

  test('by a test for every code', () => {
    const broken = new Set(BREAKAGES.flatMap(({ codes }) => codes));
    expect(CHECKS.map(({ code }) => code).filter((code) => !broken.has(code))).toEqual([]);
  });

  test('the first of many are told with their names, and all are counted', async () => {
    await on.createTable('t');
    for (let id = 0; id < 25; id += 1) {
      await on.must(on.post('/v1/namespaces/n/tables/t/write', { data: [{ id, v: 'x' }] }));
    }
    await on.server.context.db.unit('any', (queries) =>
      queries.updateTable('manifests').set({ file_count: 2 }).execute(),
    );
    const { found } = await check();
    const missing = found.find(({ code }) => code === 'manifest_files_missing');
    expect(missing).toMatchObject({ count: 25 });
    expect(missing?.findings).toHaveLength(20);
    expect(missing?.findings[0]).toMatchObject({
      severity: 'broken',
      repair: false,
      object: expect.stringMatching(/^manifest [0-9a-f-]+ of n\.t$/),
      message: 'it says it has 2 files; 1 are listed',
    });
  });
});

describe('files', () => {
  async function writeFiles(): Promise<string[]> {
    await on.createTable('t');
    await on.write('t', [{ id: 1, v: 'a' }]);
    await on.write('t', [{ id: 2, v: 'b' }]);
    await on.write('t', [{ id: 3, v: 'c' }], 'replace');
    const files = await on.server.context.db.reader.selectFrom('files').select('path').execute();
    return files.map(({ path }) => path);
  }

  test('that are gone or cut off are found, with their paths', async () => {
    const [first = '', second = '', third = ''] = await writeFiles();
    truncateSync(second, 3);
    rmSync(third);
    const { found, files } = await check();
    expect(files).toBe(3);
    expect(found).toMatchObject([
      { code: 'file_size_wrong', count: 1, findings: [{ message: expect.stringContaining(`${second} has 3 bytes`) }] },
      { code: 'file_missing', count: 1, findings: [{ message: `${third} is gone`, severity: 'broken' }] },
    ]);
    rmSync(first);
    expect(await codesOf({ history: false })).toEqual(['file_missing']);
    expect(await codesOf({ files: false })).toEqual([]);
  });

  test('that earlier times alone show are looked at when they are asked for', async () => {
    const [first = ''] = await writeFiles();
    rmSync(first);
    expect(await codesOf({ history: false })).toEqual([]);
    expect(await codesOf({ history: true })).toEqual(['file_missing']);
  });

  test('of a store that was never served are looked for where its catalogs will have theirs', async () => {
    const { config, db } = on.server.context;
    await db.unit('any', async (queries) => void (await queries.deleteFrom('catalogs').execute()));
    const data = join(on.server.root, 'data');
    mkdirSync(data, { recursive: true });
    writeFileSync(join(data, 'left.parquet'), 'left behind');
    const { orphans } = await checkStore(config, { ...WHOLE, orphans_older_than_ms: -DAY_MS });
    expect(orphans?.findings.map(({ object }) => object)).toEqual([join(data, 'left.parquet')]);
  });

  test('that nothing names are orphans once they are old; they stay where they are', async () => {
    const [first = ''] = await writeFiles();
    const [orphan, young] = [join(dirname(first), 'left.parquet'), join(dirname(first), 'young.parquet')];
    const open = await on.opened('t');
    for (const file of [orphan, young]) writeFileSync(file, 'left behind');
    const old = new Date(Date.now() - 2 * DAY_MS);
    for (const file of [first, orphan, open.entry.path]) utimesSync(file, old, old);
    const { orphans, found } = await check();
    expect(found).toEqual([]);
    expect(orphans).toMatchObject({
      ...{ count: 1, size_bytes: 11 },
      findings: [{ code: 'orphan_file', severity: 'untidy', object: orphan, repair: false }],
    });
    expect(statSync(orphan).size).toBe(11);
    expect((await check({ orphans_older_than_ms: -1_000 })).orphans).toMatchObject({ count: 2 });
    expect(readdirSync(dirname(first))).toHaveLength(3);
  });
});
