import { API } from '@deltacat/contract';
import { executePlan } from '@deltacat/io-core';
import { expect, test } from 'vitest';
import { checkStore } from '../maintenance/fsck.ts';
import { type Random, seededRandom } from '../testing/random.ts';
import type { TestAnswer } from '../testing/server.ts';
import { startTransacting, type Transacting } from '../testing/transacting.ts';
import { inPartition, KEYED } from '../testing/writing.ts';
import { cleanTransactions } from './clean.ts';

const HISTORIES = 6;
const TRANSACTIONS = 4;
const STEPS = 16;
const NAMESPACES = ['n', 'm'] as const;
const NAMES = ['a', 'b'] as const;
const MODES = ['merge', 'append', 'add', 'delete', 'replace', 'replace_partition'] as const;
const DEFINITION = {
  schema_def: KEYED.map((field) => ({ ...field, is_merge_key: true })),
  partition_scheme: { keys: [{ key: ['v'] }] },
};

/** Sends one step, inside a transaction or outside; few names make most of them meet what others left. */
interface Stepping {
  on: Transacting;
  random: Random;
  /** Tells one change from another. */
  count: number;
  send(method: string, path: string, body?: object): Promise<TestAnswer>;
}

const namespace = ({ random }: Stepping) => `/v1/namespaces/${random.pick(NAMESPACES)}`;
const table = (some: Stepping) => `${namespace(some)}/tables/${some.random.pick(NAMES)}`;
const field = ({ count: name }: Stepping) => ({ name: `c${name}`, type: 'int64', past_default: 3 });

type Step = (some: Stepping) => Promise<TestAnswer>;

const rename: Step = (some) => {
  const { random, send } = some;
  const path = `${table(some)}/rename?new_name=${random.pick(NAMES)}`;
  return send('POST', `${path}&new_namespace=${random.pick(NAMESPACES)}`);
};

const write: Step = async (some) => {
  const { on, random, send } = some;
  const opened = await send('POST', `${table(some)}/write-sessions`, { mode: random.pick(MODES) });
  if (opened.status !== 200) return opened;
  const v = random.pick(['x', 'y', 'z']);
  return on.commit(opened.body, [inPartition(await on.put(opened.body.data_dir, [{ id: random.below(4), v }]), v)]);
};

const create: Step = (some) => {
  const { random, send } = some;
  return send('POST', `${namespace(some)}/tables`, { table: random.pick(NAMES), ...DEFINITION });
};

const alter: Step = (some) => some.send('PUT', table(some), { schema_updates: [{ op: 'add', field: field(some) }] });

const undrop: Step = (some) => some.send('POST', `${table(some)}/undrop`, {});

/** Every kind of step, some more than once: they come as often. */
const STEPS_POSSIBLE: [Step, ...Step[]] = [
  ...([write, write, write, write, create, create, alter, alter, rename, undrop] as [Step, ...Step[]]),
  (some) => some.send('POST', '/v1/namespaces', { namespace: some.random.pick(NAMESPACES) }),
  (some) => some.send('POST', `${namespace(some)}/undrop`, {}),
  (some) => some.send('DELETE', some.random.below(3) === 0 ? namespace(some) : table(some)),
  (some) => some.send('DELETE', table(some)),
  (some) => some.send('PUT', namespace(some), { new_name: some.random.pick(NAMESPACES) }),
  (some) => some.send('PUT', namespace(some), { properties: { count: some.count } }),
  (some) => some.send('PUT', table(some), { table_properties: { p: some.count }, table_version_properties: { q: 1 } }),
  (some) => some.send('POST', `${namespace(some)}/tables`, { table: 'a', table_version: '2', ...DEFINITION }),
];

/** Takes steps of any kind; each is done or refused, never answered by 5xx. */
async function take(steps: number, some: Stepping): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    some.count += 1;
    const { status, body } = await some.random.pick(STEPS_POSSIBLE)(some);
    expect(status, `SEED=${some.random.seed}: ${body?.error?.message}`).toBeLessThan(500);
  }
}

/** All that a reader sees who merges rows itself, in a transaction or outside. */
async function readAll(on: Transacting, query: string): Promise<object> {
  const request = on.server.requestAs({ 'X-DeltaCAT-Client-Version': 'ts-1.0.0' });
  const get = async (path: string) => (await on.must(request('GET', `${path}${query}`))).body;
  const seen: Record<string, unknown> = {};
  for (const { name: space } of await get('/v1/namespaces')) {
    const { properties } = await get(`/v1/namespaces/${space}`);
    seen[space] = properties;
    for (const { name, ...listed } of await get(`/v1/namespaces/${space}/tables`)) {
      const path = `/v1/namespaces/${space}/tables/${name}`;
      const { body } = await on.must(request('POST', `${path}/plan${query}`));
      const rows = await executePlan(API.plan_read.output.parse(body)).objects();
      const { seq: _, ...described } = await get(path);
      const texts = rows.map((row) => Object.values(row).join(' ')).toSorted();
      seen[`${space}.${name}`] = { ...listed, ...described, rows: texts, versions: await get(`${path}/versions`) };
    }
  }
  return seen;
}

async function end(on: Transacting, id: string, how: 'commit' | 'abort'): Promise<void> {
  const { transaction_version } = (await on.must(on.server.request('GET', `/v1/transactions/${id}`))).body;
  await on.must(on.post(`/v1/transactions/${id}/${how}`, { transaction_version }));
}

test('whatever is done in a transaction, others see what it saw last once it commits, and nothing of it else', {
  timeout: 120_000,
}, async () => {
  for (let history = 0; history < HISTORIES; history += 1) {
    const random = seededRandom(seededRandom().seed + history);
    const on = await startTransacting();
    const outside = { on, random, count: 0, send: on.server.request };
    await take(STEPS, outside);
    for (let turn = 0; turn < TRANSACTIONS; turn += 1) {
      const { id } = await on.begin();
      const before = await readAll(on, '');
      const within = (path: string) => `${path}${path.includes('?') ? '&' : '?'}transaction_id=${id}`;
      await take(STEPS, { ...outside, send: (method, path, body) => on.server.request(method, within(path), body) });
      const message = `SEED=${random.seed}`;
      expect(await readAll(on, ''), message).toEqual(before);
      const inside = await readAll(on, `?transaction_id=${id}`);
      const how = turn % 3 === 1 ? 'abort' : 'commit';
      await end(on, id, how);
      expect(await readAll(on, ''), message).toEqual(how === 'abort' ? before : inside);
      await take(STEPS / 4, outside);
    }
    await cleanTransactions(on.server.context);
    const whole = { files: true, history: true, orphans_older_than_ms: 86_400_000, progress: () => {} };
    const { found } = await checkStore(on.server.context.config, whole);
    await on.close();
    expect(found, `SEED=${random.seed}`).toEqual([]);
  }
});
