import { type Api, type ContentType, DeltacatError, type InputOf } from '@deltacat/contract';
import type { Change } from '../commits/change.ts';
import { commit } from '../commits/commit.ts';
import type { Handler } from '../context.ts';
import { requireTable } from '../snapshots/tables.ts';
import { scopeOf } from '../snapshots/transactions.ts';
import { requireVersion, type TableVersion } from '../snapshots/versions.ts';
import { idempotency } from './idempotency.ts';
import { mergeProperties } from './properties.ts';
import { replaceTable } from './table-replacement.ts';

type Input = InputOf<Api['alter_table']>;

/** What a table version may be asked to become; what belongs to the table is altered on the table itself. */
const OF_VERSION = [
  'table_version_description',
  'table_version_properties',
  'lifecycle_state',
  'default_content_type',
] as const;

const OF_TABLE = ['table_description', 'table_properties'] as const;

/** Changes of a schema or scheme; they need rules of their own for data that is there already. */
const NOT_YET = ['schema_updates', 'partition_updates', 'sort_scheme'] as const;

/** Changes properties, descriptions, lifecycle state or default format of a table or one version of it. */
export const alterTable: Handler<'alter_table'> = async (context, input) => {
  refuseUnsupported(input);
  return commit(context, {
    ...(await scopeOf(context, input)),
    operation: 'alter_table',
    idempotency: idempotency(input),
    async decide(change) {
      const found = await requireTable(change.queries, change.view, input);
      const altersVersion = OF_VERSION.some((field) => isGiven(input[field]));
      if (altersVersion || input.table_version) {
        const wanted = { ...found, version: input.table_version };
        const version = await requireVersion(change.queries, change.view, wanted);
        if (altersVersion) await replaceVersion(change, version, input);
      }
      if (OF_TABLE.some((field) => isGiven(input[field]))) await replaceTable(change, found.table, input);
      return { table: input.table, namespace: input.namespace, altered: !change.isEmpty };
    },
  });
};

function refuseUnsupported(input: Input): void {
  const asked = NOT_YET.filter((field) => isGiven(input[field]));
  if (asked.length === 0) return;
  throw new DeltacatError(
    'not_supported',
    `Table "${input.namespace}.${input.table}" was not changed: ${asked.join(', ')} cannot be applied to an existing ` +
      'version. Create a further version with create_table and table_version.',
  );
}

async function replaceVersion(change: Change, before: TableVersion, input: Input): Promise<void> {
  const { row_id, stream_id: _, from_seq: _from, to_seq: _to, transaction_id: _transaction, ...state } = before;
  await change.end('table_versions', [row_id]);
  await change.insert('table_versions', [
    {
      ...state,
      description: input.table_version_description ?? state.description,
      properties: mergeProperties(state.properties, input.table_version_properties),
      lifecycle_state: input.lifecycle_state ?? state.lifecycle_state,
      content_types: withFirst(state.content_types, input.default_content_type),
    },
  ]);
  change.touch({ object_id: before.table_version_id, kind: 'alter' });
}

/** The formats with the default one, which is the first, changed. */
function withFirst(types: ContentType[], first: ContentType | null | undefined): ContentType[] {
  return first ? [first, ...types.filter((type) => type !== first)] : types;
}

function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined;
}
