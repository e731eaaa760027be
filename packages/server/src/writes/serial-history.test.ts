import { API, type ReadPlan } from '@deltacat/contract';
import { executePlan } from '@deltacat/io-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listDeltas } from '../snapshots/deltas.ts';
import { requireTable } from '../snapshots/tables.ts';
import { requireVersion } from '../snapshots/versions.ts';
import { type Random, seededRandom } from '../testing/random.ts';
import { startTestServer, type TestAnswer, type TestServer } from '../testing/server.ts';
import { KEYED } from '../testing/writing.ts';

let server: TestServer;

beforeEach(async () => {
  server = await startTestServer();
});

afterEach(() => server.close());

const TABLE = '/v1/namespaces/n/tables/t';
const FIELDS = [...KEYED, { name: 'part', type: 'string' }];

interface Row {
  id: number;
  v: string | null;
  part: string;
}

type Kind = 'merge' | 'delete' | 'replace' | 'replace_partition' | 'truncate' | 'rollback';

/** What was done, and where in the history it was answered to be. */
interface Done {
  kind: Kind;
  rows: Row[];
  as_of: bigint | null;
  seq: number;
  committed_at_ns: bigint;
}

/** The rows of a table by their keys. */
type State = Map<number, Row>;

const STEPS: Record<Exclude<Kind, 'rollback'>, (state: State, rows: Row[]) => void> = {
  merge(state, rows) {
    for (const row of rows) state.set(row.id, row);
  },
  delete(state, rows) {
    for (const { id } of rows) state.delete(id);
  },
  replace(state, rows) {
    state.clear();
    STEPS.merge(state, rows);
  },
  replace_partition(state, rows) {
    const parts = new Set(rows.map(({ part }) => part));
    for (const { id, part } of [...state.values()]) if (parts.has(part)) state.delete(id);
    STEPS.merge(state, rows);
  },
  truncate: (state) => state.clear(),
};

/** What the table held after each commit, had they been made one after another. */
class History {
  readonly #done: Done[];
  readonly #states: State[] = [];

  constructor(done: Done[]) {
    this.#done = done.toSorted((a, b) => a.seq - b.seq);
    for (const { kind, rows, as_of } of this.#done) {
      const before = kind === 'rollback' ? this.at(this.seqAt(as_of ?? 0n)) : this.#states.at(-1);
      const state = new Map(before);
      if (kind !== 'rollback') STEPS[kind](state, rows);
      this.#states.push(state);
    }
  }

  seqAt(time: bigint): number {
    return this.#done.findLast(({ committed_at_ns }) => committed_at_ns <= time)?.seq ?? 0;
  }

  at(seq: number): State {
    const place = this.#done.slice(0, this.#states.length).findLastIndex((done) => done.seq <= seq);
    return this.#states[place] ?? new Map();
  }
}

function texts(rows: Iterable<Row>): string[] {
  return [...rows].map(({ id, v, part }) => `${id} ${v} ${part}`).toSorted();
}

async function must(asked: Promise<TestAnswer>): Promise<TestAnswer['body']> {
  const { status, body } = await asked;
  expect([status, body?.error]).toEqual([expect.toBeOneOf([200, 201]), undefined]);
  return body;
}

async function makeTable(partitioned: boolean): Promise<void> {
  await must(server.request('POST', '/v1/namespaces', { namespace: 'n' }));
  const partition_scheme = partitioned ? { keys: [{ key: ['part'] }] } : null;
  await must(server.request('POST', '/v1/namespaces/n/tables', { table: 't', schema_def: FIELDS, partition_scheme }));
}

async function readRows(plan: ReadPlan): Promise<string[]> {
  const rows = await executePlan(plan).objects();
  return texts(rows.map((row) => ({ id: Number(row.id), v: row.v as string | null, part: row.part as string })));
}

async function plan(as: TestServer['request'], query = ''): Promise<ReadPlan> {
  return API.plan_read.output.parse(await must(as('POST', `${TABLE}/plan${query}`)));
}

function choose(random: Random, done: Done[], partitioned: boolean): Pick<Done, 'kind' | 'rows' | 'as_of'> {
  const kinds: [Kind, ...Kind[]] = ['merge', 'merge', 'merge', 'merge', 'delete', 'delete', 'delete'];
  const rare: [Kind, ...Kind[]] = ['replace', 'truncate', 'rollback', partitioned ? 'replace_partition' : 'merge'];
  const kind = random.below(6) === 0 ? random.pick(rare) : random.pick(kinds);
  const rows = Array.from({ length: 1 + random.below(4) }, (): Row => {
    const id = random.below(8);
    return { id, v: kind === 'delete' ? null : `v${random.below(10_000)}`, part: id % 2 === 0 ? 'even' : 'odd' };
  });
  const [first] = done;
  if (kind !== 'rollback') return { kind, rows, as_of: null };
  if (!first) return { kind: 'merge', rows, as_of: null };
  return { kind, rows: [], as_of: random.pick([first, ...done]).committed_at_ns };
}

/** Does it through the front door, twice at once with one operation id now and then. */
async function act(
  chosen: Pick<Done, 'kind' | 'rows' | 'as_of'>,
  operation_id: string,
  repeated: boolean,
): Promise<Done> {
  const { kind, rows, as_of } = chosen;
  const ask = () => {
    if (kind === 'rollback') return server.request('POST', `${TABLE}/rollback?operation_id=${operation_id}`, { as_of });
    if (kind === 'truncate') return server.request('POST', `${TABLE}/truncate?operation_id=${operation_id}`);
    return server.request('POST', `${TABLE}/write?mode=${kind}&operation_id=${operation_id}`, { data: rows });
  };
  const [body, again] = await Promise.all([must(ask()), repeated ? must(ask()) : null]);
  if (again) expect(again).toEqual(body);
  return { ...chosen, seq: Number(body.seq), committed_at_ns: BigInt(body.committed_at_ns) };
}

/** Totals of every commit and positions of every partition, counted again. */
async function checkBooks(partitioned: boolean): Promise<void> {
  const { reader } = server.context.db;
  const { catalog_id } = await reader.selectFrom('catalogs').selectAll().executeTakeFirstOrThrow();
  const commits = await reader.selectFrom('commits').selectAll().where('seq', '>', 2).execute();
  for (const { committed_at_ns, seq } of commits) {
    const view = { catalog_id, seq };
    const found = await requireTable(reader, view, { namespace: 'n', table: 't' });
    const { stream_id } = await requireVersion(reader, view, { ...found, version: null });
    const deltas = await listDeltas(reader, view, { stream_id });
    const body = await must(server.request('GET', `${TABLE}?as_of=${committed_at_ns}`));
    const counted = (key: 'records' | 'files' | 'bytes') => deltas.reduce((sum, delta) => sum + delta[key], 0);
    expect(body).toMatchObject({
      total_records: counted('records'),
      total_files: counted('files'),
      total_bytes: counted('bytes'),
      delta_count: deltas.length,
    });
    expect(new Set(deltas.map(({ partition_id }) => partition_id)).size).toBeLessThanOrEqual(partitioned ? 2 : 1);
  }
  for (const { partition_id, last_position } of await reader.selectFrom('partitions').selectAll().execute()) {
    const rows = await reader
      .selectFrom('deltas')
      .innerJoin('manifests', 'manifests.manifest_id', 'deltas.manifest_id')
      .innerJoin('commits', 'commits.seq', 'deltas.from_seq')
      .select(['position', 'author_name', 'operation'])
      .where('partition_id', '=', partition_id)
      .orderBy('deltas.from_seq')
      .orderBy('deltas.row_id')
      .execute();
    const given = rows.filter(({ operation }) => operation !== 'rewrite').map(({ position }) => position);
    expect(given).toEqual(Array.from({ length: Number(last_position) }, (_, index) => BigInt(index + 1)));
  }
}

test.each([
  ['unpartitioned', false],
  ['partitioned', true],
])(
  'whatever writers of an %s table do at once, every reader finds a moment of one history',
  async (_kind, partitioned) => {
    const random = seededRandom();
    await makeTable(partitioned);
    const done: Done[] = [];
    const found: { plan: ReadPlan; rows: string[]; reader: string }[] = [];
    const write = async (writer: number) => {
      for (let turn = 0; turn < TURNS; turn += 1) {
        const chosen = choose(random, done, partitioned);
        done.push(await act(chosen, `w${writer}-${turn}`, random.below(5) === 0));
      }
    };
    const read = async (reader: 'old' | 'new') => {
      const as = reader === 'old' ? server.requestAs({}) : server.request;
      for (let turn = 0; turn < TURNS; turn += 1) {
        const planned = await plan(as);
        if (reader === 'old') expect(planned.requires_mor).toBe(false);
        found.push({ plan: planned, rows: await readRows(planned), reader });
      }
    };
    await Promise.all([write(0), write(1), write(2), read('old'), read('old'), read('new'), read('new')]);
    const history = new History(done);
    for (const { plan: planned, rows, reader } of found) {
      const expected = texts(history.at(Number(planned.seq)).values());
      expect(rows, `SEED=${random.seed}, ${reader} at ${planned.seq}`).toEqual(expected);
    }
    for (const { committed_at_ns, seq } of done) {
      const then = await plan(server.request, `?as_of=${committed_at_ns}`);
      expect(await readRows(then), `SEED=${random.seed}, as of ${seq}`).toEqual(texts(history.at(seq).values()));
      const before = await plan(server.request, `?as_of=${committed_at_ns - 1n}`);
      expect(Number(before.seq)).toBeLessThan(seq);
      expect(await readRows(before), `SEED=${random.seed}, before ${seq}`).toEqual(texts(history.at(seq - 1).values()));
    }
    await checkBooks(partitioned);
  },
);

/** How much each of the seven does; more of it finds no more kinds of trouble, only rarer ones. */
const TURNS = Number(process.env.TURNS ?? 12);
