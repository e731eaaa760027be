import {
  canonicalJson,
  DeltacatError,
  type PartitionScheme,
  type SchemaField,
  type SortScheme,
} from '@deltacat/contract';
import type { Change } from '../commits/change.ts';
import { schemesById } from '../snapshots/partitions.ts';
import { totalsOf } from '../snapshots/totals.ts';
import { mergeKeys, schemaOf, type TableVersion } from '../snapshots/versions.ts';
import { definePartitionScheme, defineSortScheme } from './table-schemes.ts';

/** A version whose schemes are to change; `name` is what messages call its table. */
export interface SchemesSubject {
  name: string;
  version: TableVersion;
  /** The columns that it gets with the same change; null where they stay. */
  fields: SchemaField[] | null;
}

/** The partition scheme that a version gets. */
export interface AlteredPartitionScheme {
  scheme: PartitionScheme | null;
  is_new: boolean;
  /** Whether it was allowed because the version is empty, which others may end. */
  rests_on_files: boolean;
}

/**
 * The partition scheme of rows to come; partitions that are there keep theirs. Where rows have merge keys the version must
 * be empty: an upsert replaces rows of its own partition only, and would leave the earlier ones in those of the scheme
 * before. Throws `invalid_schema` and `not_supported`.
 */
export async function alterPartitionScheme(
  change: Change,
  subject: SchemesSubject,
  asked: PartitionScheme | null | undefined,
): Promise<AlteredPartitionScheme> {
  const { version, name } = subject;
  const before = version.partition_scheme;
  const same = { scheme: before, is_new: false, rests_on_files: false };
  if (!asked) return same;
  const fields = await fieldsOf(change, subject);
  const scheme = definePartitionScheme(asked, { fields, newId: change.context.newId });
  if (canonicalJson(before?.keys ?? []) === canonicalJson(scheme?.keys ?? [])) return same;
  const known = await schemesById(change.queries, version.table_version_id);
  if (scheme && known.partition.has(String(scheme.id))) throw idTaken('partition', scheme.id);
  const isKeyed = mergeKeys(fields).length > 0;
  if (isKeyed) await refuseRowsOf(change, version, name);
  return { scheme, is_new: true, rests_on_files: isKeyed };
}

async function refuseRowsOf(change: Change, { table_version_id }: TableVersion, name: string): Promise<void> {
  const { delta_count } = await totalsOf(change.queries, change.view, table_version_id);
  if (delta_count === 0) return;
  throw new DeltacatError(
    'not_supported',
    `Table ${name} was not changed: its rows have merge keys and are merged within a partition, so that rows written from now on would not replace those of the earlier partitions. ` +
      'Truncate it first, or create a further version with create_table and table_version.',
  );
}

/** The sort scheme of files to come. A scheme's id stands for its keys for good, since earlier files name it. */
export async function alterSortScheme(
  change: Change,
  subject: SchemesSubject,
  asked: SortScheme | null | undefined,
): Promise<SortScheme | null> {
  const { version } = subject;
  const before = version.sort_scheme;
  if (!asked && (!before || !subject.fields)) return before;
  const fields = await fieldsOf(change, subject);
  const scheme = defineSortScheme(asked ?? before, { fields, newId: change.context.newId });
  if (!asked || !scheme) return scheme;
  if (before && canonicalJson(before.keys) === canonicalJson(scheme.keys)) return before;
  const known = await schemesById(change.queries, version.table_version_id);
  if (known.sort.has(String(scheme.id))) throw idTaken('sort', scheme.id);
  return scheme;
}

async function fieldsOf(change: Change, { fields, version }: SchemesSubject): Promise<SchemaField[] | null> {
  return fields ?? (await schemaOf(change.queries, version))?.fields ?? null;
}

function idTaken(kind: 'partition' | 'sort', id: unknown): DeltacatError {
  return new DeltacatError(
    'invalid_schema',
    `The ${kind} scheme id "${id}" was used already, and stands for the keys that it had for good. Leave the id out to get a new one.`,
  );
}
