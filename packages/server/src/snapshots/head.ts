import type { Queries } from '../db/database.ts';
import { prepared } from '../db/prepared.ts';

/** The newest state of a catalog: its last commit. */
export interface Head {
  seq: number;
  at_ns: bigint;
  /** Equal ids mean equal namespaces, tables and versions: what was found under one id need not be looked up again. */
  definitions_id: string;
}

const selectHead = prepared((queries, of: { catalog_id: string }) =>
  queries
    .selectFrom('catalogs')
    .select(['head_seq', 'head_at_ns', 'definitions_id'])
    .where('catalog_id', '=', of.catalog_id),
);

/** Reads where a catalog stands. */
export async function readHead(queries: Queries, catalog_id: string): Promise<Head> {
  const [row] = (await selectHead(queries, { catalog_id })).rows;
  if (!row) throw new Error(`catalog ${catalog_id} has no row in the store`);
  return { seq: row.head_seq, at_ns: row.head_at_ns, definitions_id: row.definitions_id };
}
