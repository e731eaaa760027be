import type { Api, InputOf } from '@deltacat/contract';
import type { Change } from '../commits/change.ts';
import { commit } from '../commits/commit.ts';
import type { Handler, RequestContext } from '../context.ts';
import { findNamespace, type Namespace, requireNamespace } from '../snapshots/namespaces.ts';
import { findTableIn, type Table } from '../snapshots/tables.ts';
import { scopeOf } from '../snapshots/transactions.ts';
import { chooseVersion, listVersions } from '../snapshots/versions.ts';
import { idempotency } from './idempotency.ts';
import { createNamespaceIn } from './namespace-creation.ts';
import { mergeProperties } from './properties.ts';
import { createTableIn, createVersionIn, defineTable, type TableDefinition, tableTaken } from './table-definition.ts';
import { replaceTable } from './table-replacement.ts';

type Input = InputOf<Api['create_table']>;

/** The namespace of clients that name none: it is made for its first table. */
const DEFAULT_NAMESPACE = 'default';

/**
 * Creates a table, or, when it exists and `table_version` names its next version, that version. Of two that create
 * one name, exactly one wins.
 */
export const createTable: Handler<'create_table'> = async (context, input) => {
  const definition = defineTable(context, input);
  return commit(context, {
    ...(await scopeOf(context, input)),
    operation: 'create_table',
    idempotency: idempotency(input),
    async decide(change) {
      const namespace = await namespaceFor(change, context, input);
      const { queries, view } = change;
      const existing = await findTableIn(queries, view, { namespace_id: namespace.namespace_id, table: input.table });
      const answer = existing
        ? await furtherVersion(change, existing, { input, definition })
        : await firstVersion(change, namespace, { input, definition });
      return { ...answer, table: input.table, namespace: input.namespace };
    },
  });
};

async function namespaceFor(change: Change, context: RequestContext, input: Input): Promise<Namespace> {
  const found = await findNamespace(change.queries, change.view, input.namespace);
  if (found) return found;
  // Clients that name their version mean false by leaving it out; those that name none mean true by it.
  const leftOut = (input.auto_create_namespace ?? null) === null && context.client_version === null;
  const create = input.auto_create_namespace || leftOut || input.namespace === DEFAULT_NAMESPACE;
  if (!create) return requireNamespace(change.queries, change.view, input.namespace);
  const properties = mergeProperties({}, input.namespace_properties);
  return createNamespaceIn(change, { name: input.namespace, properties });
}

interface Wanted {
  input: Input;
  definition: TableDefinition;
}

async function firstVersion(change: Change, namespace: Namespace, { input, definition }: Wanted) {
  const wanted = { namespace, name: input.table, version: input.table_version, definition };
  const { table, version } = await createTableIn(change, wanted);
  return { created: true, table_id: table.table_id, table_version: version.version };
}

async function furtherVersion(change: Change, table: Table, { input, definition }: Wanted) {
  const { table_id } = table;
  const versions = await listVersions(change.queries, change.view, table_id);
  const present = chooseVersion(versions, input.table_version);
  if (present || !input.table_version) {
    if (input.fail_if_exists) throw tableTaken(input.namespace, input.table);
    return { created: false, table_id, table_version: present?.version ?? null };
  }
  const version = await createVersionIn(change, { table, version: input.table_version, definition });
  const { table_description, table_properties } = input;
  if (table_description || table_properties) await replaceTable(change, table, { table_description, table_properties });
  return { created: true, table_id, table_version: version.version };
}
