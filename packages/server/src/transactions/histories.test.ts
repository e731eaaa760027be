import { API, type ReadPlan } from '@deltacat/contract';
import { executePlan } from '@deltacat/io-core';
import { afterEach, expect, test } from 'vitest';
import { checkStore } from '../maintenance/fsck.ts';
import { compactingOn } from '../testing/compacting.ts';
import { findViolations, type History, type Step, textsOf, type WriteRecord } from '../testing/history.ts';
import { type Random, seededRandom } from '../testing/random.ts';
import type { TestAnswer, TestServer } from '../testing/server.ts';
import { startServers } from '../testing/servers.ts';
import { KEYED, PLAIN, putRows } from '../testing/writing.ts';
import { cleanTransactions } from './clean.ts';

/** How many clients write and read at once, and how much each does. TURNS finds rarer trouble. */
const CLIENTS = 6;
const TURNS = Number(process.env.TURNS ?? 15);

const TABLES = [
  { name: 'a', keyed: true },
  { name: 'b', keyed: true },
  { name: 'p', keyed: false },
];

/** One of the tables is compacted with every commit that merges into it; all of them are in the background. */
const VERSION_PROPERTIES: Record<string, object> = { b: { read_optimization_level: 'max' } };

let servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.toReversed()) await server.close();
});

const pathOf = (table: string) => `/v1/namespaces/n/tables/${table}`;

async function must(asked: Promise<TestAnswer>): Promise<TestAnswer['body']> {
  const { status, body } = await asked;
  expect([status, body?.error]).toEqual([expect.toBeOneOf([200, 201]), undefined]);
  return body;
}

/** One client: it goes to one server, and everything that it does and sees is written down. */
class Recorder {
  readonly #server: TestServer;
  readonly #client: number;
  readonly #history: History;
  readonly #random: Random;

  constructor(server: TestServer, given: { client: number; history: History; random: Random }) {
    this.#server = server;
    this.#client = given.client;
    this.#history = given.history;
    this.#random = given.random;
  }

  async turn(): Promise<void> {
    const choice = this.#random.below(10);
    if (choice < 3) await this.#read();
    else if (choice < 6) await this.#transact();
    else await this.#write();
  }

  async #read(): Promise<void> {
    const { name: table } = this.#random.pick(TABLES as [(typeof TABLES)[number]]); // it has three
    const began = performance.now();
    const plan = await must(this.#server.request('POST', `${pathOf(table)}/plan`));
    const described = await must(this.#server.request('GET', `${pathOf(table)}?as_of=${plan.as_of}`));
    const ended = performance.now();
    const seen = await seenOf(plan, described);
    this.#history.reads.push({ client: this.#client, began, ended, table, seq: plan.seq, seen });
  }

  async #write(): Promise<void> {
    const step = this.#chooseStep(true);
    const began = performance.now();
    const answer = await this.#do(step, null);
    const ended = performance.now();
    expect([answer.status, answer.body?.error]).toEqual([expect.toBeOneOf([200, 201]), undefined]);
    this.#record({ began, ended, steps: [step], seq: answer.body.seq, transaction: null });
  }

  async #transact(): Promise<void> {
    const opened = performance.now();
    const { transaction_id, base_seq } = await must(this.#server.request('POST', '/v1/transactions', {}));
    const steps: Step[] = [];
    const reads: NonNullable<WriteRecord['transaction']>['reads'] = [];
    for (let count = 1 + this.#random.below(4); count > 0; count -= 1) {
      const step = this.#chooseStep(false);
      await must(this.#do(step, transaction_id));
      steps.push(step);
      if (this.#random.below(2) === 0) reads.push(await this.#readInside(transaction_id, steps));
    }
    const how = this.#random.below(6) === 0 ? 'abort' : 'commit';
    const { transaction_version } = await must(this.#server.request('GET', `/v1/transactions/${transaction_id}`));
    const began = performance.now();
    const end = () =>
      this.#server.request('POST', `/v1/transactions/${transaction_id}/${how}`, { transaction_version });
    // Now and then the answer is lost, and the call is made again.
    const [answer, again] = await Promise.all([end(), this.#random.below(5) === 0 ? end() : null]);
    const ended = performance.now();
    if (again) expect([again.status, again.body.seq]).toEqual([answer.status, answer.body.seq]);
    expect([200, 409]).toContain(answer.status);
    if (answer.status === 409 && !again) {
      expect(answer.body.error.code).toBe('concurrent_modification');
      // A compaction changes no row that anyone has seen, so that nobody loses against one.
      expect(answer.body.error.message).not.toContain('(rewrite');
    }
    const seq = answer.status === 200 && how === 'commit' ? answer.body.seq : null;
    this.#record({ began, ended, steps, seq, transaction: { opened, base_seq, reads } });
  }

  async #readInside(transaction_id: string, steps: Step[]) {
    const { table } = this.#random.pick(steps as [Step]); // a step was made before
    const within = `transaction_id=${transaction_id}`;
    const plan = await must(this.#server.request('POST', `${pathOf(table)}/plan?${within}`));
    const described = await must(this.#server.request('GET', `${pathOf(table)}?${within}`));
    return { after: steps.length, table, seen: await seenOf(plan, described) };
  }

  #record(write: Omit<WriteRecord, 'client'>): void {
    this.#history.writes.push({ ...write, client: this.#client });
  }

  #chooseStep(alone: boolean): Step {
    const random = this.#random;
    const { name: table, keyed } = random.pick(TABLES as [(typeof TABLES)[number]]); // it has three
    const rows = Array.from({ length: 1 + random.below(3) }, () => ({
      id: random.below(12),
      v: `v${random.below(100_000)}`,
    }));
    const unique = [...new Map(rows.map((row) => [row.id, row])).values()];
    const rare = random.below(12);
    const known = this.#history.writes.flatMap(({ seq }) => seq ?? []);
    if (rare === 0) return { table, kind: 'replace', rows: unique };
    if (rare === 1) return { table, kind: 'alter', properties: { [`k${random.below(3)}`]: `${random.below(1_000)}` } };
    if (rare === 2 && alone) return { table, kind: 'truncate' };
    if (rare === 3 && alone && known.length > 0)
      return { table, kind: 'rollback', to_seq: random.pick(known as [number]) };
    if (!keyed) return { table, kind: 'append', rows: unique };
    if (random.below(4) === 0) return { table, kind: 'delete', ids: unique.map(({ id }) => id) };
    return { table, kind: 'merge', rows: unique };
  }

  /** Does a step, alone or in a transaction. */
  async #do(step: Step, transaction_id: string | null): Promise<TestAnswer> {
    const within = transaction_id === null ? '' : `?transaction_id=${transaction_id}`;
    const path = pathOf(step.table);
    switch (step.kind) {
      case 'alter':
        return this.#server.request('PUT', `${path}${within}`, { table_properties: step.properties });
      case 'truncate':
        return this.#server.request('POST', `${path}/truncate`);
      case 'rollback':
        return this.#server.request('POST', `${path}/rollback`, { as_of: await this.#timeOf(step.to_seq) });
      default:
        return this.#put(step, transaction_id);
    }
  }

  async #timeOf(seq: number): Promise<bigint> {
    const row = await this.#server.context.db.reader
      .selectFrom('commits')
      .select('committed_at_ns')
      .where('seq', '=', seq)
      .executeTakeFirstOrThrow();
    return row.committed_at_ns;
  }

  async #put(step: Extract<Step, { kind: 'append' | 'merge' | 'replace' | 'delete' }>, transaction_id: string | null) {
    const opening = { mode: step.kind, ...(transaction_id === null ? {} : { transaction_id }) };
    const session = await must(this.#server.request('POST', `${pathOf(step.table)}/write-sessions`, opening));
    const rows = 'ids' in step ? step.ids.map((id) => ({ id, v: null })) : step.rows.map((row) => ({ ...row }));
    const entry = await putRows(session.data_dir, rows, session.schema);
    const { session_version } = session;
    return this.#server.request('POST', `/v1/write-sessions/${session.session_id}/commit`, {
      session_version,
      entries: [entry],
    });
  }
}

async function seenOf(plan: unknown, described: { table_properties: Record<string, unknown> }): Promise<string[]> {
  const rows = await executePlan(API.plan_read.output.parse(plan) as ReadPlan).objects();
  return textsOf(
    rows.map(({ id, v }) => ({ id: Number(id), v: String(v) })),
    described.table_properties,
  );
}

/** Every table as of every commit, and at the last moment before it. */
async function readHistory(server: TestServer, history: History): Promise<void> {
  const commits = await server.context.db.reader
    .selectFrom('commits')
    .select(['seq', 'committed_at_ns'])
    .where('seq', '>', history.base_seq)
    .orderBy('seq')
    .execute();
  for (const { seq, committed_at_ns } of commits) {
    for (const { name: table } of TABLES) {
      for (const [as_of, expected] of [
        [committed_at_ns, seq],
        [committed_at_ns - 1n, seq - 1],
      ] as const) {
        const plan = await must(server.request('POST', `${pathOf(table)}/plan?as_of=${as_of}`));
        expect(plan.seq).toBe(expected);
        if (expected !== seq) continue;
        const described = await must(server.request('GET', `${pathOf(table)}?as_of=${as_of}`));
        history.historic.push({ table, seq, seen: await seenOf(plan, described) });
      }
    }
  }
}

/** Compacts every table again and again, as if all of them were always due, until it is stopped. */
async function compactUntil(server: TestServer, stopped: AbortSignal): Promise<void> {
  const { trigger, work } = compactingOn(server);
  while (!stopped.aborted) {
    for (const { name: table } of TABLES) {
      await must(server.request('POST', '/v1/jobs/submit/compaction', { namespace: 'n', table }));
    }
    await trigger();
    await work();
  }
}

test('whatever clients of all servers do at once, everything they see is one history', {
  timeout: 300_000,
}, async () => {
  const random = seededRandom();
  servers = await startServers();
  const [server] = servers;
  if (!server) throw new Error('no server was started');
  await must(server.request('POST', '/v1/namespaces', { namespace: 'n' }));
  for (const { name: table, keyed } of TABLES) {
    const table_version_properties = VERSION_PROPERTIES[table] ?? {};
    const definition = { table, schema_def: keyed ? KEYED : PLAIN, table_version_properties };
    await must(server.request('POST', '/v1/namespaces/n/tables', definition));
  }
  const { seq: base_seq } = await must(server.request('GET', '/v1/catalogs/default'));
  const history: History = { tables: TABLES, base_seq, writes: [], reads: [], historic: [] };
  const clients = Array.from({ length: CLIENTS }, async (_, client) => {
    const recorder = new Recorder(servers[client % servers.length] ?? server, { client, history, random });
    for (let turn = 0; turn < TURNS; turn += 1) await recorder.turn();
  });
  const stopping = new AbortController();
  const compactors = servers.map((each) => compactUntil(each, stopping.signal));
  await Promise.all(clients);
  stopping.abort();
  await Promise.all(compactors);
  await readHistory(server, history);
  const committed = history.writes.filter(({ seq, transaction }) => seq !== null && transaction);
  const summary = `SEED=${random.seed}: ${history.writes.length} writes, ${committed.length} transactions committed`;
  console.log(`${summary}, ${history.reads.length} reads, ${servers.length} servers`);
  expect(findViolations(history), `SEED=${random.seed}`).toEqual([]);
  await cleanTransactions(server.context);
  const options = { files: true, history: true, orphans_older_than_ms: 86_400_000, progress: () => undefined };
  expect((await checkStore(server.context.config, options)).found, `SEED=${random.seed}`).toEqual([]);
  expect(committed.length).toBeGreaterThan(0);
  const { reader } = server.context.db;
  const rewrites = await reader.selectFrom('commits').select('seq').where('operation', '=', 'rewrite').execute();
  expect(rewrites.length).toBeGreaterThan(0);
  const jobs = await reader.selectFrom('jobs').select(['state', 'error']).where('state', '=', 'failed').execute();
  expect(jobs, `SEED=${random.seed}`).toEqual([]);
});
