import type { Api, ContentType, InputOf } from '@deltacat/contract';
import type { Change } from '../commits/change.ts';
import { commit } from '../commits/commit.ts';
import type { Handler } from '../context.ts';
import { type FoundTable, requireTable } from '../snapshots/tables.ts';
import { scopeOf } from '../snapshots/transactions.ts';
import { requireVersion, type TableVersion } from '../snapshots/versions.ts';
import { alterSchema } from './alter-schema.ts';
import { alterPartitionScheme, alterSortScheme } from './alter-schemes.ts';
import { idempotency } from './idempotency.ts';
import { mergeProperties } from './properties.ts';
import { replaceTable } from './table-replacement.ts';
import { replaceVersion } from './version-replacement.ts';

type Input = InputOf<Api['alter_table']>;

/** What a table version may be asked to become; what belongs to the table is altered on the table itself. */
const OF_VERSION = [
  'schema_updates',
  'partition_updates',
  'sort_scheme',
  'table_version_description',
  'table_version_properties',
  'lifecycle_state',
  'default_content_type',
] as const;

const OF_TABLE = ['table_description', 'table_properties'] as const;

/**
 * Changes the schema, schemes, properties, descriptions, lifecycle state or default format of a table or one version
 * of it, all at once. Files stay as they are: readers give their rows the columns of the new schema.
 */
export const alterTable: Handler<'alter_table'> = async (context, input) => {
  return commit(context, {
    ...(await scopeOf(context, input)),
    operation: 'alter_table',
    idempotency: idempotency(input),
    async decide(change) {
      const found = await requireTable(change.queries, change.view, input);
      const altersVersion = OF_VERSION.some((field) => isGiven(input[field]));
      const version =
        altersVersion || input.table_version
          ? await requireVersion(change.queries, change.view, { ...found, version: input.table_version })
          : null;
      const schema_id = version && altersVersion ? await alterVersion(change, { found, version }, input) : undefined;
      if (OF_TABLE.some((field) => isGiven(input[field]))) await replaceTable(change, found.table, input);
      return { table: input.table, namespace: input.namespace, altered: !change.isEmpty, schema_id };
    },
  });
};

interface Subject {
  found: FoundTable;
  version: TableVersion;
}

/** Replaces the state of a version; answers the id of the schema that it has now. */
async function alterVersion(change: Change, { found, version }: Subject, input: Input): Promise<number | null> {
  const properties = mergeProperties(version.properties, input.table_version_properties);
  const effective = { ...mergeProperties(found.table.properties, input.table_properties), ...properties };
  const subject = { name: `"${input.namespace}.${input.table}"`, version, properties: effective };
  const schema = input.schema_updates ? await alterSchema(change, subject, input.schema_updates) : null;
  const known = { name: subject.name, version, fields: schema?.fields ?? null };
  const partition_scheme = await alterPartitionScheme(change, known, input.partition_updates);
  const sort_scheme = await alterSortScheme(change, known, input.sort_scheme);
  const after = await replaceVersion(change, version, {
    description: input.table_version_description ?? version.description,
    properties,
    lifecycle_state: input.lifecycle_state ?? version.lifecycle_state,
    content_types: withFirst(version.content_types, input.default_content_type),
    schema_id: schema?.schema_id ?? version.schema_id,
    partition_scheme: partition_scheme.scheme,
    sort_scheme,
  });
  // Neither a deleted version nor one that takes less, or places rows otherwise, is what writers at work had in mind.
  const fits = (schema?.is_compatible ?? true) && !partition_scheme.is_new;
  const isCompatible = fits && after.lifecycle_state !== 'deleted';
  const kind = isCompatible ? 'alter' : 'alter_incompatible';
  const { table_version_id: object_id } = version;
  change.touch({ object_id, kind });
  if (schema?.rests_on_files || partition_scheme.rests_on_files) change.touch({ object_id, kind: 'retype' });
  return after.schema_id;
}

/** The formats with the default one, which is the first, changed. */
function withFirst(types: ContentType[], first: ContentType | null | undefined): ContentType[] {
  return first ? [first, ...types.filter((type) => type !== first)] : types;
}

function isGiven(value: unknown): boolean {
  return value !== null && value !== undefined;
}
