import { type Selectable, sql } from 'kysely';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import type { NamespaceRow, TableRow, TableVersionRow, Versioned } from '../db/tables.ts';

/** The states that things had around some commits. */
export class States<Row extends Selectable<Versioned>> {
  readonly #rows: Map<string, Row[]>;

  constructor(rows: Map<string, Row[]>) {
    this.#rows = rows;
  }

  /** The state right after a commit; null when the thing was not there. */
  at(id: string, seq: number): Row | null {
    const state = this.lastKnown(id, seq);
    return state && (state.to_seq === null || state.to_seq > seq) ? state : null;
  }

  /** The last state that a thing had by then, even if it was gone again; null when it had none yet. */
  lastKnown(id: string, seq: number): Row | null {
    return this.#rows.get(id)?.findLast(({ from_seq }) => from_seq !== null && from_seq <= seq) ?? null;
  }

  ids(): string[] {
    return [...this.#rows.keys()];
  }

  all(): Row[] {
    return [...this.#rows.values()].flat();
  }
}

/** The commits that states are wanted around. */
export interface SeqRange {
  first: number;
  last: number;
}

/** States of namespaces, tables and versions, each with what it is in. */
export interface StatesRead {
  namespaces: States<Selectable<NamespaceRow>>;
  tables: States<Selectable<TableRow>>;
  versions: States<Selectable<TableVersionRow>>;
}

/** The states of those of some ids that are namespaces, tables or versions, and of the tables and namespaces they are in. */
export async function readStates(queries: Queries, ids: string[], range: SeqRange): Promise<StatesRead> {
  const versions = await readVersions(queries, ids, range);
  const tableIds = [...ids, ...versions.all().map(({ table_id }) => table_id)];
  const tables = await readTables(queries, tableIds, range);
  const namespaceIds = [...ids, ...tables.all().map(({ namespace_id }) => namespace_id)];
  return { versions, tables, namespaces: await readNamespaces(queries, namespaceIds, range) };
}

/** States from between the commits, and the newest from before them: two ends of a range of the index by id. */
async function readNamespaces(queries: Queries, ids: string[], { first, last }: SeqRange) {
  return collect(ids, 'namespace_id', (some) =>
    queries
      .selectFrom('namespaces')
      .selectAll()
      .where('namespace_id', 'in', some)
      .where('from_seq', '<=', last)
      .where(({ eb, selectFrom }) =>
        eb(
          'from_seq',
          '>=',
          selectFrom('namespaces as earlier')
            .select(sql<number>`coalesce(max(earlier.from_seq), 0)`.as('from_seq'))
            .whereRef('earlier.namespace_id', '=', 'namespaces.namespace_id')
            .where('earlier.from_seq', '<', first),
        ),
      )
      .execute(),
  );
}

async function readTables(queries: Queries, ids: string[], { first, last }: SeqRange) {
  return collect(ids, 'table_id', (some) =>
    queries
      .selectFrom('tables')
      .selectAll()
      .where('table_id', 'in', some)
      .where('from_seq', '<=', last)
      .where(({ eb, selectFrom }) =>
        eb(
          'from_seq',
          '>=',
          selectFrom('tables as earlier')
            .select(sql<number>`coalesce(max(earlier.from_seq), 0)`.as('from_seq'))
            .whereRef('earlier.table_id', '=', 'tables.table_id')
            .where('earlier.from_seq', '<', first),
        ),
      )
      .execute(),
  );
}

async function readVersions(queries: Queries, ids: string[], { first, last }: SeqRange) {
  return collect(ids, 'table_version_id', (some) =>
    queries
      .selectFrom('table_versions')
      .selectAll()
      .where('table_version_id', 'in', some)
      .where('from_seq', '<=', last)
      .where(({ eb, selectFrom }) =>
        eb(
          'from_seq',
          '>=',
          selectFrom('table_versions as earlier')
            .select(sql<number>`coalesce(max(earlier.from_seq), 0)`.as('from_seq'))
            .whereRef('earlier.table_version_id', '=', 'table_versions.table_version_id')
            .where('earlier.from_seq', '<', first),
        ),
      )
      .execute(),
  );
}

async function collect<Id extends string, Row extends Selectable<Versioned> & Record<Id, string>>(
  ids: string[],
  idOf: Id,
  read: (some: string[]) => Promise<Row[]>,
): Promise<States<Row>> {
  const rows: Row[] = [];
  for (const some of chunks([...new Set(ids)])) for (const row of await read(some)) rows.push(row);
  rows.sort((a, b) => (a.from_seq ?? 0) - (b.from_seq ?? 0));
  return new States(Map.groupBy(rows, (row) => row[idOf]));
}
