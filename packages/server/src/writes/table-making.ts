import type { Api, ContentType, InputOf, SchemaField } from '@deltacat/contract';
import { schemaFields } from '@deltacat/io-core';
import { createNamespaceIn } from '../catalog/namespace-creation.ts';
import { mergeProperties } from '../catalog/properties.ts';
import { createTableIn, createVersionIn, defineTable, type TableDefinition } from '../catalog/table-definition.ts';
import type { Change } from '../commits/change.ts';
import type { RequestContext, ServerContext } from '../context.ts';
import { findNamespace, requireNamespace } from '../snapshots/namespaces.ts';
import type { TableVersion } from '../snapshots/versions.ts';
import type { VerifiedFile } from './entries.ts';
import type { Aim, Target } from './target.ts';

/** How a writer wants a missing table to be made. */
export type CreateIfMissing = NonNullable<InputOf<Api['create_write_session']>['create_if_missing']>;

/** A missing table as a write will make it. */
export interface Making {
  definition: TableDefinition;
  create_if_missing: CreateIfMissing | null;
}

/**
 * Decides what a missing table will be: what the writer said, else the columns of its first file that tells them, else a
 * table without a schema.
 */
export function defineMissing(
  context: ServerContext,
  from: { create_if_missing: CreateIfMissing | null; files: VerifiedFile[]; format: ContentType },
): TableDefinition {
  const asked = from.create_if_missing ?? {};
  const schema_def = asked.schema_def ?? fieldsOf(from.files);
  const content_type = asked.content_type ?? from.format;
  return defineTable(context, { ...asked, schema_def, content_type });
}

/** Names and types only: what else a file says of its columns held for the table that it came from. */
function fieldsOf(files: VerifiedFile[]): SchemaField[] | null {
  const schema = files.find((file) => file.schema !== null)?.schema;
  if (!schema || schema.fields.length === 0) return null;
  return schemaFields(schema).map(({ name, type, nullable }) => ({ name, type, nullable: nullable ?? true }));
}

/** Makes what a write found missing (namespace, table or version) with this commit. */
export async function makeTarget(
  change: Change,
  context: RequestContext,
  wanted: { target: Target; aim: Aim; making: Making },
): Promise<TableVersion> {
  const { target, aim, making } = wanted;
  const { definition } = making;
  const version = aim.table_version;
  if (target.table) return createVersionIn(change, { table: target.table.table, version, definition });
  const namespace =
    (await findNamespace(change.queries, change.view, aim.namespace)) ?? (await makeNamespace(change, context, wanted));
  const made = await createTableIn(change, { namespace, name: aim.table, version, definition });
  return made.version;
}

async function makeNamespace(change: Change, context: RequestContext, wanted: { aim: Aim; making: Making }) {
  const { aim, making } = wanted;
  const asked = making.create_if_missing;
  // Who says how to make the table means its namespace too; without a word, only the oldest clients do.
  const create = asked ? (asked.auto_create_namespace ?? true) : context.client_version === null;
  if (!create) return requireNamespace(change.queries, change.view, aim.namespace);
  return createNamespaceIn(change, {
    name: aim.namespace,
    properties: mergeProperties({}, asked?.namespace_properties),
  });
}
