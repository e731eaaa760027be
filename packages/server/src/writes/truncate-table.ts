import { idempotency } from '../catalog/idempotency.ts';
import { commit } from '../commits/commit.ts';
import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { requireTable } from '../snapshots/tables.ts';
import { requireVersion } from '../snapshots/versions.ts';
import { restartStream } from './stream.ts';

/** Removes all rows of a table version; schema, properties and earlier times stay. */
export const truncateTable: Handler<'truncate_table'> = async (context, input) =>
  commit(context, {
    catalog: catalogNamed(context, input.catalog),
    operation: 'truncate_table',
    idempotency: idempotency(input),
    async decide(change) {
      const found = await requireTable(change.queries, change.view, input);
      const version = await requireVersion(change.queries, change.view, { ...found, version: input.table_version });
      await restartStream(change, version);
      change.touch({ object_id: version.table_version_id, kind: 'truncate', partition_id: null });
      return { table: input.table, truncated: true };
    },
  });
