/** A row by its key. */
export interface HistoryRow {
  id: number;
  v: string;
}

/** One thing done to one table. */
export type Step = { table: string } & (
  | { kind: 'append' | 'merge' | 'replace'; rows: HistoryRow[] }
  | { kind: 'delete'; ids: number[] }
  | { kind: 'truncate' }
  | { kind: 'rollback'; to_seq: number }
  | { kind: 'alter'; properties: Record<string, string> }
);

/** What a client saw of a table: its rows as texts in order, then its properties. */
export type Seen = string[];

/** A commit that a client asked for, of its own or of a transaction, and what came of it. */
export interface WriteRecord {
  client: number;
  /** When it was asked for and when it was answered, by one clock for all clients. */
  began: number;
  ended: number;
  steps: Step[];
  /** Its number, or null when it was refused. */
  seq: number | null;
  /** Of a transaction: when it was opened, the commit whose state it saw, and what it read after how many steps. */
  transaction: { opened: number; base_seq: number; reads: { after: number; table: string; seen: Seen }[] } | null;
}

/** A read of the newest state: of which commit it says it is, and what it saw. */
export interface ReadRecord {
  client: number;
  began: number;
  ended: number;
  table: string;
  seq: number;
  seen: Seen;
}

/** Everything that clients did and saw. `historic` are reads of earlier times, made afterwards. */
export interface History {
  /** The tables; rows of keyed ones are told apart by `id`. */
  tables: { name: string; keyed: boolean }[];
  /** The commit up to which all tables were empty. */
  base_seq: number;
  writes: WriteRecord[];
  reads: ReadRecord[];
  historic: { table: string; seq: number; seen: Seen }[];
}

interface TableState {
  rows: readonly HistoryRow[];
  properties: Record<string, string>;
}

type State = Map<string, TableState>;

/**
 * What contradicts that the commits happened one after another in the order of their numbers, each at one moment between
 * its call and its answer: then every read of a head is linearizable, transactions are all or nothing, and no transaction
 * overwrote what it had not seen. Empty when nothing does.
 */
export function findViolations(history: History): string[] {
  const commits = history.writes
    .filter((write): write is WriteRecord & { seq: number } => write.seq !== null)
    .toSorted((a, b) => a.seq - b.seq);
  const twice = commits.filter(({ seq }, index) => commits[index - 1]?.seq === seq);
  if (twice.length > 0) return twice.map(({ seq }) => `two commits have the number ${seq}`);
  const model = new Model(history, commits);
  return [
    ...findDisorder(commits, history.reads),
    ...findLostUpdates(history, commits),
    ...history.reads.flatMap(({ table, seq, seen, client }) =>
      model.compare(`client ${client} read ${table} at ${seq}`, seen, model.at(seq).get(table)),
    ),
    ...history.historic.flatMap(({ table, seq, seen }) =>
      model.compare(`${table} as of ${seq}`, seen, model.at(seq).get(table)),
    ),
    ...history.writes.flatMap((write) => findBadTransactionReads(model, write)),
  ];
}

function findBadTransactionReads(model: Model, { transaction, steps, client }: WriteRecord): string[] {
  if (!transaction) return [];
  const { base_seq, reads } = transaction;
  return reads.flatMap(({ after, table, seen }) => {
    const state = model.apply(model.at(base_seq), steps.slice(0, after));
    return model.compare(
      `client ${client} read ${table} in a transaction on ${base_seq} after ${after} steps`,
      seen,
      state.get(table),
    );
  });
}

/** The states of all tables after each commit. */
class Model {
  readonly #history: History;
  readonly #states: { seq: number; state: State }[] = [];

  constructor(history: History, commits: (WriteRecord & { seq: number })[]) {
    this.#history = history;
    const empty: State = new Map(history.tables.map(({ name }) => [name, { rows: [], properties: {} }]));
    this.#states.push({ seq: history.base_seq, state: empty });
    for (const { seq, steps } of commits) this.#states.push({ seq, state: this.apply(this.at(seq - 1), steps) });
  }

  at(seq: number): State {
    return this.#states.findLast((one) => one.seq <= seq)?.state ?? new Map();
  }

  apply(state: State, steps: Step[]): State {
    const next = new Map(state);
    for (const step of steps) {
      const before = next.get(step.table) ?? { rows: [], properties: {} };
      next.set(step.table, { ...before, ...this.#change(before, step) });
    }
    return next;
  }

  #change(before: TableState, step: Step): Partial<TableState> {
    const keyed = this.#history.tables.find(({ name }) => name === step.table)?.keyed ?? false;
    switch (step.kind) {
      case 'append':
      case 'merge':
        return { rows: keyed ? merged(before.rows, step.rows) : [...before.rows, ...step.rows] };
      case 'replace':
        return { rows: keyed ? merged([], step.rows) : step.rows };
      case 'delete':
        return { rows: before.rows.filter(({ id }) => !step.ids.includes(id)) };
      case 'truncate':
        return { rows: [] };
      case 'rollback':
        return { rows: this.at(step.to_seq).get(step.table)?.rows ?? [] };
      case 'alter':
        return { properties: { ...before.properties, ...step.properties } };
    }
  }

  compare(what: string, seen: Seen, state: TableState | undefined): string[] {
    const expected = state ? textsOf(state.rows, state.properties) : ['no such table'];
    if (expected.join('\n') === seen.join('\n')) return [];
    return [`${what}: saw [${seen.join(', ')}], not [${expected.join(', ')}]`];
  }
}

function merged(before: readonly HistoryRow[], rows: readonly HistoryRow[]): HistoryRow[] {
  return [...new Map([...before, ...rows].map((row) => [row.id, row])).values()];
}

/** What a client sees of such a table. */
export function textsOf(rows: readonly HistoryRow[], properties: Record<string, unknown>): Seen {
  const told = Object.entries(properties).map(([name, value]) => `${name}=${value}`);
  return [...rows.map(({ id, v }) => `${id} ${v}`).toSorted(), ...told.toSorted()];
}

/** Contradictions between the order of the numbers and the order in which things were seen to happen. */
function findDisorder(commits: (WriteRecord & { seq: number })[], reads: ReadRecord[]): string[] {
  const found: string[] = [];
  for (const a of commits) {
    for (const b of commits) {
      if (a.ended < b.began && a.seq > b.seq) found.push(`${a.seq} was answered before ${b.seq} was asked for`);
      if (b.transaction && a.ended < b.transaction.opened && a.seq > b.transaction.base_seq) {
        found.push(`the transaction of ${b.seq} was opened on ${b.transaction.base_seq}, after ${a.seq} was answered`);
      }
    }
    for (const read of reads) {
      const stale = a.ended < read.began && read.seq < a.seq;
      if (stale) found.push(`client ${read.client} read ${read.table} at ${read.seq}, after ${a.seq} was answered`);
      const early = a.began > read.ended && read.seq >= a.seq;
      if (early) found.push(`client ${read.client} read ${read.table} at ${read.seq}, before ${a.seq} was asked for`);
    }
  }
  for (const a of reads) {
    const back = reads.find((b) => a.ended < b.began && a.seq > b.seq);
    if (back) found.push(`client ${back.client} read at ${back.seq}, after client ${a.client} had read at ${a.seq}`);
  }
  return found;
}

/** What a commit changes, so that a transaction that had not seen it may not have overwritten it. */
function changesOf(steps: Step[]): Map<string, { keys: Set<number> | 'all'; defines: boolean; replaces: boolean }> {
  const found = new Map<string, { keys: Set<number> | 'all'; defines: boolean; replaces: boolean }>();
  for (const step of steps) {
    const known = found.get(step.table) ?? { keys: new Set<number>(), defines: false, replaces: false };
    const ids = 'rows' in step ? step.rows.map(({ id }) => id) : 'ids' in step ? step.ids : [];
    if (known.keys !== 'all') for (const id of ids) known.keys.add(id);
    const replaces = step.kind === 'replace' || step.kind === 'truncate' || step.kind === 'rollback';
    found.set(step.table, {
      keys: replaces ? 'all' : known.keys,
      defines: known.defines || step.kind === 'alter',
      replaces: known.replaces || replaces,
    });
  }
  return found;
}

/** Transactions that were committed although something that they changed had been changed since the state that they saw. */
function findLostUpdates({ tables }: History, commits: (WriteRecord & { seq: number })[]): string[] {
  const found: string[] = [];
  const keyed = new Set(tables.filter((table) => table.keyed).map(({ name }) => name));
  const changes = new Map(commits.map((write) => [write, changesOf(write.steps)]));
  for (const ours of commits) {
    const { transaction } = ours;
    if (!transaction) continue;
    for (const theirs of commits) {
      if (theirs.seq <= transaction.base_seq || theirs.seq >= ours.seq) continue;
      for (const [table, our] of changes.get(ours) ?? []) {
        const their = changes.get(theirs)?.get(table);
        if (!their) continue;
        const lost =
          (our.defines && their.defines) ||
          (our.replaces && their.replaces) ||
          meet(our.keys, their.keys, keyed.has(table));
        if (lost)
          found.push(`${ours.seq}, which saw ${transaction.base_seq}, overwrote what ${theirs.seq} did to ${table}`);
      }
    }
  }
  return found;
}

/** Replacing everything meets whatever rows there are; other rows meet those of their key, where there are keys. */
function meet(ours: Set<number> | 'all', theirs: Set<number> | 'all', keyed: boolean): boolean {
  if (ours === 'all') return theirs === 'all' || theirs.size > 0;
  if (theirs === 'all') return ours.size > 0;
  return keyed && [...ours].some((id) => theirs.has(id));
}
