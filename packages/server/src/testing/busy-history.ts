import { cleanTransactions } from '../transactions/clean.ts';
import { expireTransactions } from '../transactions/expire.ts';
import type { Random } from './random.ts';
import type { ManualClock } from './server.ts';
import type { TestTransaction, Transacting } from './transacting.ts';
import { inPartition } from './writing.ts';

/** Where a history is made, and what chooses it. */
export interface BusyPlace {
  on: Transacting;
  clock: ManualClock;
  random: Random;
}

const pathOf = (table: string) => `/v1/namespaces/n/tables/${table}`;
const TABLE = pathOf('t');
const PARTITIONED = {
  schema_def: [
    { name: 'id', type: 'int64', is_merge_key: true },
    { name: 'v', type: 'string' },
    { name: 'part', type: 'string' },
  ],
  partition_scheme: { keys: [{ key: ['part'] }] },
};

/** Longer than a transaction lives without a heartbeat. */
const TOO_LONG_SECONDS = 7_200;

/**
 * Does what a catalog sees in a busy year: writes of every mode, rewrites, truncations, rollbacks, tables that are
 * altered, renamed, dropped and made again, and transactions that are committed, lost, given up, and forgotten.
 */
export async function makeBusyHistory(place: BusyPlace, steps: number): Promise<void> {
  const { on, random } = place;
  await on.createTable('t', PARTITIONED);
  await on.createTable('plain', { schema_def: [{ name: 'id', type: 'int64' }] });
  for (const step of STEPS) await step(place);
  for (let count = 0; count < steps; count += 1) await random.pick(STEPS)(place);
  await expireTransactions(on.server.context);
  await cleanTransactions(on.server.context);
}

type Step = (place: BusyPlace) => Promise<unknown>;

function someRows(random: Random): Record<string, unknown>[] {
  return Array.from({ length: 1 + random.below(4) }, () => {
    const id = random.below(8);
    return { id, v: `v${random.below(1_000)}`, part: id % 2 === 0 ? 'even' : 'odd' };
  });
}

const writing =
  (mode: string): Step =>
  ({ on, random }) =>
    on.must(on.post(`${TABLE}/write?mode=${mode}`, { data: someRows(random) }));

/** Writes rows of one partition as a file, inside a transaction. */
async function writeIn(tx: TestTransaction, { on, random }: BusyPlace, { mode = 'merge', table = 't' } = {}) {
  const { body: session } = await on.must(tx.call('POST', `${pathOf(table)}/write-sessions`, { mode }));
  const part = random.pick(['even', 'odd']);
  const rows = someRows(random).map((row) => ({ ...row, part }));
  const entry = inPartition(await on.put(session.data_dir, rows, PARTITIONED.schema_def), part);
  const { session_id, session_version } = session;
  const commit = { session_version, entries: [entry] };
  await on.must(tx.call('POST', `/v1/write-sessions/${session_id}/commit`, commit));
}

const STEPS: [Step, ...Step[]] = [
  writing('merge'),
  writing('merge'),
  writing('delete'),
  writing('replace'),
  writing('replace_partition'),
  async function rewrite({ on }) {
    await on.must(on.server.requestAs({})('POST', `${TABLE}/plan`));
  },
  async function truncate({ on }) {
    await on.must(on.post(`${TABLE}/truncate`));
  },
  async function rollBack({ on, random }) {
    const commits = await on.server.context.db.reader.selectFrom('commits').select('committed_at_ns').execute();
    const { committed_at_ns } = random.pick([commits.at(-1), ...commits.slice(4)] as [{ committed_at_ns: bigint }]);
    await on.must(on.post(`${TABLE}/rollback`, { as_of: committed_at_ns }));
  },
  async function alter({ on, random }) {
    const table_properties = { color: `c${random.below(100)}` };
    await on.must(on.server.request('PUT', '/v1/namespaces/n/tables/plain', { table_properties }));
    await on.must(on.server.request('PUT', '/v1/namespaces/n', { properties: table_properties }));
  },
  async function renameAndBack({ on }) {
    await on.must(on.post('/v1/namespaces/n/tables/plain/rename', { new_name: 'other' }));
    await on.must(on.post('/v1/namespaces/n/tables/other/rename', { new_name: 'plain' }));
  },
  async function dropAndMake({ on }) {
    await on.must(on.server.request('DELETE', '/v1/namespaces/n/tables/plain'));
    await on.createTable('plain', { schema_def: [{ name: 'id', type: 'int64' }] });
  },
  async function dropAndBringBack({ on }) {
    await on.must(on.server.request('DELETE', TABLE));
    await on.must(on.post(`${TABLE}/undrop`));
    await on.must(on.server.request('DELETE', '/v1/namespaces/n?cascade=true'));
    await on.must(on.post('/v1/namespaces/n/undrop'));
  },
  async function addColumn({ on, random }) {
    const name = `c${random.below(1_000_000)}`;
    const operations = [{ op: 'add', field: { name, type: 'string' } }];
    await on.must(on.server.request('PUT', pathOf('plain'), { schema_updates: { operations } }));
  },
  async function commitTransaction(place) {
    const tx = await place.on.begin();
    await writeIn(tx, place);
    await writeIn(tx, place, { mode: place.random.pick(['merge', 'delete', 'replace', 'replace_partition']) });
    await writeIn(tx, place);
    await place.on.must(tx.commit());
  },
  async function makeAndDropInTransaction(place) {
    const { on } = place;
    const tx = await on.begin();
    for (const [namespace, table] of [
      ['n', 'short'],
      ['short', 'inner'],
    ]) {
      if (namespace !== 'n') await on.must(tx.call('POST', '/v1/namespaces', { namespace }));
      await on.must(tx.call('POST', `/v1/namespaces/${namespace}/tables`, { table, ...PARTITIONED }));
    }
    await writeIn(tx, place, { table: 'short' });
    await on.must(tx.call('DELETE', pathOf('short')));
    await on.must(tx.call('DELETE', '/v1/namespaces/short?cascade=true'));
    await on.must(tx.commit());
  },
  async function loseTransaction(place) {
    const tx = await place.on.begin();
    await writeIn(tx, place, { mode: 'replace' });
    await writing('merge')(place);
    await tx.commit();
  },
  async function giveUpTransaction(place) {
    const tx = await place.on.begin();
    await place.on.must(tx.call('POST', '/v1/namespaces/n/tables', { table: 'never', ...PARTITIONED }));
    await writeIn(tx, place, { table: 'never' });
    await place.on.must(tx.abort());
  },
  async function forgetTransaction(place) {
    const tx = await place.on.begin();
    await writeIn(tx, place);
    place.clock.advanceSeconds(TOO_LONG_SECONDS);
    await expireTransactions(place.on.server.context);
  },
  async function forgetSession({ on }) {
    await on.opened('t');
  },
];
