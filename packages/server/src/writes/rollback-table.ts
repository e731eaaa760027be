import { isDeepStrictEqual } from 'node:util';
import { DeltacatError } from '@deltacat/contract';
import { idempotency } from '../catalog/idempotency.ts';
import { isCompatible } from '../catalog/schema-compatibility.ts';
import { replaceVersion } from '../catalog/version-replacement.ts';
import type { Change } from '../commits/change.ts';
import { commit } from '../commits/commit.ts';
import { republishDeltas } from '../commits/publish.ts';
import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { listDeltas } from '../snapshots/deltas.ts';
import { requireTable } from '../snapshots/tables.ts';
import { findVersionById, requireVersion, schemaOf, type TableVersion } from '../snapshots/versions.ts';
import { type View, viewAt } from '../snapshots/view.ts';
import { restartStream } from './stream.ts';

/**
 * Brings a table version back to what it showed at an earlier time: rows, schema, schemes and properties. No data is
 * copied: old manifests become visible again in a new stream. Times between stay readable, so rolling forward is the
 * same call with a later time.
 */
export const rollbackTable: Handler<'rollback_table'> = async (context, input) => {
  const catalog = catalogNamed(context, input.catalog);
  const then = await viewAt(context, catalog.catalog_id, input.as_of);
  return commit(context, {
    catalog,
    operation: 'rollback_table',
    message: input.commit_message ?? null,
    idempotency: idempotency(input),
    async decide(change) {
      const found = await requireTable(change.queries, change.view, input);
      const now = await requireVersion(change.queries, change.view, { ...found, version: input.table_version });
      const before = await findVersionById(change.queries, then, now.table_version_id);
      if (!before) throw tooEarly(`"${input.namespace}.${input.table}"`, now.version, input.as_of);
      await restore(change, { now, before, then });
      change.touch({ object_id: now.table_version_id, kind: 'rollback', partition_id: null });
      return { table: input.table, as_of: input.as_of, rolled_back: true };
    },
  });
};

async function restore(change: Change, states: { now: TableVersion; before: TableVersion; then: View }): Promise<void> {
  const { now, before, then } = states;
  const deltas = await listDeltas(change.queries, then, { stream_id: before.stream_id });
  // Not by commit: a rewrite is committed after deltas that stand above it.
  deltas.sort((a, b) => (a.position < b.position ? -1 : Number(a.position > b.position)));
  const version = await restartStream(change, await restoreDefinition(change, now, before));
  if (deltas.length === 0) return;
  await republishDeltas(
    change,
    version,
    deltas.map(({ scheme_id, partition_values, ...delta }) => ({
      ...delta,
      partition: { scheme_id, partition_values },
    })),
  );
}

/** Gives the version the schema, schemes and properties that it had; where they are the same, its row stays. */
async function restoreDefinition(change: Change, now: TableVersion, before: TableVersion): Promise<TableVersion> {
  const restored = definitionOf(before);
  if (isDeepStrictEqual(restored, definitionOf(now))) return now;
  const [from, to] = [await schemaOf(change.queries, now), await schemaOf(change.queries, before)];
  const fits = now.schema_id === before.schema_id || isCompatible(from?.fields ?? null, to?.fields ?? null);
  change.touch({ object_id: now.table_version_id, kind: fits ? 'alter' : 'alter_incompatible' });
  return replaceVersion(change, now, restored);
}

function definitionOf(version: TableVersion) {
  const { description, properties, schema_id, partition_scheme, sort_scheme, content_types } = version;
  return { description, properties, schema_id, partition_scheme, sort_scheme, content_types };
}

function tooEarly(name: string, version: string, as_of: bigint): DeltacatError {
  return new DeltacatError(
    'invalid_as_of',
    `Version "${version}" of table ${name} did not exist at ${as_of}. Choose a time at which it did.`,
    { as_of },
  );
}
