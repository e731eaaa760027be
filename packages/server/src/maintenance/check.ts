import { type RawBuilder, sql } from 'kysely';
import type { Queries } from '../db/database.ts';
import { type ObjectKind, objectName } from './object-name.ts';

/** How bad a finding is: what is promised of every store does not hold, or something is left that nobody needs. */
export type Severity = 'broken' | 'untidy';

/** One thing that was found. */
export interface Finding {
  code: string;
  severity: Severity;
  /** The object as people know it, with its id. */
  object: string;
  message: string;
  /** Whether a repair mends it. */
  repair: boolean;
}

/** Everything that one check found: the first of them, and how many there are. */
export interface Found {
  code: string;
  count: number;
  findings: Finding[];
}

/** One promise of the store and how to find what breaks it. */
export interface Check {
  code: string;
  severity: Severity;
  repair: boolean;
  /** The statement that gives a row for everything that is wrong, with the id of what it is of. */
  sql: RawBuilder<{ id: string }>;
  find(queries: Queries): Promise<Found>;
}

/** How many findings of one code are told one by one; the others are counted. */
export const FINDINGS_MAX = 20;

/** A check as it is declared: one statement that gives a row for everything that is wrong. */
export interface CheckDefinition<Row extends { id: string }> {
  code: string;
  severity?: Severity;
  repair?: boolean;
  /** What the ids are of. */
  kind: ObjectKind;
  sql: RawBuilder<Row>;
  message(row: Row): string;
}

/** Makes a check of its declaration. The database does the looking, so that a store of any size costs little memory. */
export function check<Row extends { id: string }>(definition: CheckDefinition<Row>): Check {
  const { code, severity = 'broken', repair = false, kind } = definition;
  return {
    ...{ code, severity, repair, sql: definition.sql },
    async find(queries) {
      const query = sql<Row>`select * from (${definition.sql}) as found limit ${FINDINGS_MAX + 1}`;
      const { rows } = await query.execute(queries);
      const findings: Finding[] = [];
      for (const row of rows.slice(0, FINDINGS_MAX)) {
        const object = await objectName(queries, kind, row.id);
        findings.push({ code, severity, object, message: definition.message(row), repair });
      }
      const isMore = rows.length > FINDINGS_MAX;
      return { code, count: isMore ? await countRows(queries, definition.sql) : rows.length, findings };
    },
  };
}

async function countRows(queries: Queries, statement: RawBuilder<unknown>): Promise<number> {
  const counted = await sql<{ count: number }>`select count(*) as count from (${statement}) as found`.execute(queries);
  return counted.rows[0]?.count ?? 0;
}
