import { expect, test } from 'vitest';
import { type Evolving, startEvolving } from '../testing/evolving.ts';
import { type Random, seededRandom } from '../testing/random.ts';
import type { TestAnswer } from '../testing/server.ts';

const TABLE = '/v1/namespaces/n/tables/t';
const STEPS = 60;
const NEWER = { 'X-DeltaCAT-Client-Version': '0.1.67' };

type Value = string | bigint | null;

/** A column as it should be; two of one name are two columns. */
interface Column {
  name: string;
  type: 'int32' | 'int64' | 'string';
  past_default: Value;
}

/** What the table should show: each row has the values of the columns that were there when it was written. */
interface State {
  columns: Column[];
  rows: Map<number, Map<Column, Value>>;
}

interface Walk {
  e: Evolving;
  random: Random;
  state: State;
  moments: { as_of: bigint; state: State }[];
  names: number;
}

const STEP: Record<string, (walk: Walk) => Promise<TestAnswer | null>> = {
  async add({ e, random, state, names }) {
    const type = random.pick<Column['type']>(['int32', 'int64', 'string']);
    const past_default = random.pick([null, type === 'string' ? 'old' : 7n]);
    // Sometimes a name of old: it is refused as long as files hold what it meant.
    const name = random.below(3) === 0 ? `c${random.below(names + 1)}` : `c${names}`;
    const answer = await e.alter([{ op: 'add', field: { name, type, past_default } }]);
    if (answer.status === 200) state.columns.push({ name, type, past_default });
    return accepted(answer);
  },
  async widen({ e, random, state }) {
    const narrow = state.columns.filter(({ type }) => type === 'int32');
    const column = narrow[random.below(narrow.length)];
    if (!column) return null;
    const answer = await e.altered([{ op: 'update_type', field_locator: column.name, new_type: 'int64' }]);
    replaceColumn(state, column, { ...column, type: 'int64' });
    return answer;
  },
  async remove({ e, random, state }) {
    const column = state.columns[random.below(state.columns.length)];
    if (!column) return null;
    const operations = [{ op: 'remove' as const, field_locator: column.name }];
    const answer = await e.altered({ operations, allow_incompatible_changes: true });
    state.columns = state.columns.filter((one) => one !== column);
    return answer;
  },
  write: (walk) => write(walk, []),
  async evolve(walk) {
    const name = `c${walk.names}`;
    return write(walk, [{ name, type: walk.random.pick(['int64', 'string']), past_default: null }]);
  },
  async delete({ e, random, state }) {
    const id = random.below(6);
    state.rows.delete(id);
    return e.must(e.post(`${TABLE}/write?mode=delete`, { data: [{ id }] }));
  },
  async rollback(walk) {
    const moment = walk.moments[walk.random.below(walk.moments.length)];
    if (!moment) return null;
    walk.state = copy(moment.state);
    return walk.e.must(walk.e.post(`${TABLE}/rollback`, { as_of: moment.as_of }));
  },
  async truncate({ e, state }) {
    state.rows.clear();
    return e.must(e.post(`${TABLE}/truncate`));
  },
  async rewrite({ e }) {
    await e.must(e.server.requestAs(NEWER)('POST', `${TABLE}/plan`));
    await e.must(e.server.requestAs({})('POST', `${TABLE}/plan`));
    return null;
  },
};

const WEIGHTED = ['add', 'add', 'widen', 'remove', 'write', 'write', 'write', 'evolve', 'evolve', 'delete', 'rewrite'];

async function write({ e, random, state }: Walk, added: Column[]): Promise<TestAnswer> {
  const columns = [...state.columns, ...added];
  const data = Array.from({ length: 1 + random.below(3) }, () => {
    const given = columns.filter((column) => added.includes(column) || random.below(3) > 0);
    const value = ({ type }: Column) => (type === 'string' ? `s${random.below(100)}` : random.below(100));
    return { id: random.below(6), ...Object.fromEntries(given.map((column) => [column.name, value(column)])) };
  });
  const answer = await e.post(`${TABLE}/write?mode=merge`, { data });
  if (answer.status !== 200) return accepted(answer);
  state.columns = columns;
  for (const row of data) {
    const valueIn = ({ name }: Column) => (row as Record<string, string | number | undefined>)[name] ?? null;
    const values = columns.map((column) => [column, valueIn(column)] as const);
    const stored = values.map(
      ([column, value]) => [column, typeof value === 'number' ? BigInt(value) : value] as const,
    );
    state.rows.set(row.id, new Map(stored));
  }
  return answer;
}

/** What may be refused is a name that is taken, or that files still hold as another column. */
function accepted(answer: TestAnswer): TestAnswer {
  if (answer.status !== 200) expect(answer.body.error.code).toBeOneOf(['invalid_schema', 'schema_mismatch']);
  return answer;
}

function replaceColumn(state: State, before: Column, after: Column): void {
  state.columns = state.columns.map((column) => (column === before ? after : column));
  for (const row of state.rows.values()) {
    const value = row.get(before);
    if (row.delete(before)) row.set(after, value ?? null);
  }
}

function copy({ columns, rows }: State): State {
  return { columns: [...columns], rows: new Map([...rows].map(([id, row]) => [id, new Map(row)])) };
}

function shown({ columns, rows }: State): Record<string, Value>[] {
  return [...rows.keys()]
    .sort((a, b) => a - b)
    .map((id) => {
      const valueIn = (column: Column) => {
        const row = rows.get(id);
        return row?.has(column) ? (row.get(column) ?? null) : column.past_default;
      };
      return { id: BigInt(id), ...Object.fromEntries(columns.map((column) => [column.name, valueIn(column)])) };
    });
}

async function read(e: Evolving, query = ''): Promise<Record<string, unknown>[]> {
  const rows = await e.objects({ query });
  const widened = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, typeof value === 'number' ? BigInt(value) : value]),
    ),
  );
  return widened.sort((a, b) => Number(a.id) - Number(b.id));
}

test('whatever happens to columns and rows, every time shows the rows that it should have, under ids used once', async () => {
  const e = await startEvolving();
  await e.createTable('t', { schema_def: [{ name: 'id', type: 'int64', is_merge_key: true }] });
  const walk: Walk = { e, random: seededRandom(), state: { columns: [], rows: new Map() }, moments: [], names: 0 };
  const ids = new Map<string, string>();
  for (let step = 0; step < STEPS; step += 1) {
    const rare = walk.random.below(8) === 0;
    const name = rare
      ? walk.random.pick(['rollback', 'truncate'])
      : walk.random.pick(WEIGHTED as [string, ...string[]]);
    const answer = await STEP[name]?.(walk);
    walk.names += 1;
    const where = `SEED=${walk.random.seed}, step ${step}: ${name}`;
    expect(await read(e), where).toEqual(shown(walk.state));
    const as_of = answer?.body.committed_at_ns;
    if (as_of) walk.moments.push({ as_of, state: copy(walk.state) });
    const { schema } = await e.describe();
    for (const field of schema) {
      expect(ids.get(field.field_id) ?? field.name, where).toBe(field.name);
      ids.set(field.field_id, field.name);
    }
  }
  for (const { as_of, state } of walk.moments) {
    expect(await read(e, `?as_of=${as_of}`), `SEED=${walk.random.seed}, as of ${as_of}`).toEqual(shown(state));
  }
  await e.close();
}, 120_000);
