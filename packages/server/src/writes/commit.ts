import { isDeepStrictEqual } from 'node:util';
import type { ContentType, WriteEntry } from '@deltacat/contract';
import { ambientAccess } from '@deltacat/io-core';
import { readOptimizationLevel } from '../catalog/compaction-settings.ts';
import { addRevision, newestRevision } from '../catalog/schema-revisions.ts';
import { replaceVersion } from '../catalog/version-replacement.ts';
import type { Change } from '../commits/change.ts';
import { type CommitRequest, type Committed, commit } from '../commits/commit.ts';
import { concurrentModification } from '../commits/conflicts.ts';
import { type DeltaDraft, type PublishedDelta, publishDeltas } from '../commits/publish.ts';
import type { TouchKind } from '../commits/touches.ts';
import type { RequestContext } from '../context.ts';
import { accessTo, pathsOf } from '../roots/access.ts';
import type { Catalog } from '../roots/catalogs.ts';
import { dataRootsOf } from '../roots/data-roots.ts';
import { readHead } from '../snapshots/head.ts';
import { type SeenTransaction, viewOf } from '../snapshots/transactions.ts';
import type { TableVersion } from '../snapshots/versions.ts';
import type { View } from '../snapshots/view.ts';
import { type Checked, checkFiles, propertiesOf } from './checked-files.ts';
import { compactCommitted } from './compact-at-once.ts';
import { findCurrentTarget } from './current-target.ts';
import { type EntryRules, type VerifiedFile, verifyEntries } from './entries.ts';
import { spellScheme } from './entry-path.ts';
import type { Evolution } from './evolve.ts';
import { registerFileSchemas } from './file-schemas.ts';
import { MODES, refuseUnfitMode, touchKind } from './modes.ts';
import { findRepeated } from './repeated.ts';
import { endPartitions, restartStream } from './stream.ts';
import { type CreateIfMissing, defineMissing, type Making, makeTarget } from './table-making.ts';
import { type Aim, isSameTarget, refuseOtherScheme, shapeOfDefinition } from './target.ts';

/** Files that a writer hands over, and what they are to become. */
export interface FileWrite {
  catalog: Catalog;
  /** The transaction that the write is a part of. */
  transaction?: SeenTransaction | null;
  aim: Aim;
  entries: WriteEntry[];
  /** The format of entries that name none. */
  format: ContentType;
  /** The folder that the files must lie in; null when they may lie anywhere. */
  data_dir: string | null;
  create_if_missing: CreateIfMissing | null;
  operation: string;
  message: string | null;
  idempotency: CommitRequest<object>['idempotency'];
  /** Runs last inside the commit, so that what it writes holds exactly when the files are visible. */
  finish?(change: Change, written: Written): Promise<void>;
}

/** What a write made visible. */
export interface Written {
  files_registered: number;
  deltas_written: number;
  total_records: number;
  total_bytes: number;
  committed_delta_locators: { stream_position: bigint; partition_id: string; stream_id: string }[];
}

/**
 * How often files are checked anew because their table changed while they were checked. Each time somebody else's change
 * was committed, so that a crowd of writers who all bring columns of their own comes to an end.
 */
const ATTEMPTS_MAX = 100;

/** How many partitions of a commit are told apart in its change-set; a wider commit counts as touching all. */
const PARTITIONS_TOUCHED_MAX = 1_000;

/**
 * Makes files visible as rows of a table, all at once: looks at every file, checks that it fits, groups the files by
 * partition, and publishes one delta for each. Files are looked at before the head of the catalog is taken; what they
 * were checked against is compared again under it.
 */
export async function commitFiles(context: RequestContext, write: FileWrite): Promise<Committed<Written>> {
  const repeated = await findRepeated<Written>(context, write);
  if (repeated) return repeated;
  const files = await verifyEntries(write.entries, await rulesFor(context, write));
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    try {
      return await publishFiles(context, write, files);
    } catch (error) {
      if (!(error instanceof TargetMoved)) throw error;
    }
  }
  throw concurrentModification(`Table "${write.aim.namespace}.${write.aim.table}"`, null);
}

/** How the files of a write are opened, and what they are held to. */
async function rulesFor(
  context: RequestContext,
  { entries, data_dir, format, catalog }: FileWrite,
): Promise<EntryRules> {
  const paths = pathsOf(entries).map(spellScheme);
  const access = await accessTo(context, paths);
  const isStrewn = data_dir === null && access !== ambientAccess;
  const roots = isStrewn ? [...(await dataRootsOf(context.db.reader, catalog)).by_name.values()] : [];
  return { data_dir, format, access, roots };
}

/** The table became another between checking and publishing. */
class TargetMoved extends Error {}

async function publishFiles(
  context: RequestContext,
  write: FileWrite,
  files: VerifiedFile[],
): Promise<Committed<Written>> {
  const { catalog, transaction = null, aim } = write;
  const { reader } = context.db;
  const state = await readState(context, write);
  const { view } = state;
  const target = await findCurrentTarget(reader, state, aim);
  await refuseOtherScheme(reader, target, aim);
  const making = target.version ? null : planMaking(context, write, files);
  const shape = target.shape ?? (making && shapeOfDefinition(target.name, making.definition));
  if (shape) refuseUnfitMode(aim, shape);
  const properties = propertiesOf(target, making);
  const checked = shape && (await checkFiles(reader, view, { target, shape, properties, aim, files }));
  const made = making && checked ? withSchema(making, checked.evolution) : making;
  const { operation, message, idempotency } = write;
  const committed = await commit(context, {
    ...{ catalog, transaction, operation, message, idempotency },
    async decide(change) {
      const now = await findCurrentTarget(change.queries, change, aim);
      if (!isSameTarget(target, now)) throw new TargetMoved();
      if (checked?.evolution && !isDeepStrictEqual(propertiesOf(now, making), properties)) throw new TargetMoved();
      const existing =
        now.version && checked ? await evolveVersion(change, now.version, checked.evolution) : now.version;
      const version = existing ?? (made && (await makeTarget(change, context, { target: now, aim, making: made })));
      const published = version && checked ? await publish(change, version, { aim, ...checked }) : [];
      const written = summary(published);
      await write.finish?.(change, written);
      return written;
    },
  });
  const { seq } = committed;
  if (seq !== null && readOptimizationLevel(properties) === 'max') await compactCommitted(context, { catalog, seq });
  return committed;
}

/** What the files are checked against: the head of the catalog, or what the transaction of the write sees. */
async function readState(
  context: RequestContext,
  { catalog, transaction }: FileWrite,
): Promise<{ view: View; definitions_id: string }> {
  const { catalog_id } = catalog;
  const { seq, definitions_id } = await readHead(context.db.reader, catalog_id);
  if (!transaction) return { view: { catalog_id, seq }, definitions_id };
  return { view: (await viewOf(context, transaction)).view, definitions_id };
}

/** A write of nothing makes a table only when its writer says what it is. */
function planMaking(context: RequestContext, write: FileWrite, files: VerifiedFile[]): Making | null {
  const { create_if_missing, format } = write;
  if (files.length === 0 && !create_if_missing) return null;
  return { create_if_missing, definition: defineMissing(context, { create_if_missing, files, format }) };
}

/** A missing table as a write will make it, with the columns of all its files. */
function withSchema(making: Making, evolution: Evolution | null): Making {
  const { definition } = making;
  if (!evolution) return making;
  return { ...making, definition: { ...definition, version: { ...definition.version, schema: evolution.schema } } };
}

/** The version with the schema that the files make of it, from this commit on. */
async function evolveVersion(
  change: Change,
  version: TableVersion,
  evolution: Evolution | null,
): Promise<TableVersion> {
  if (!evolution) return version;
  const { table_version_id } = version;
  const { after, schema } = evolution;
  if (!after || (await newestRevision(change.queries, table_version_id)) !== after.newest_id) throw new TargetMoved();
  const schema_id = await addRevision(change.queries, table_version_id, { after, schema });
  change.touch({ object_id: table_version_id, kind: 'alter' });
  return replaceVersion(change, version, { schema_id });
}

async function publish(
  change: Change,
  version: TableVersion,
  write: Checked & { aim: Aim },
): Promise<PublishedDelta[]> {
  const { aim, shape, drafts } = write;
  const { ends } = MODES[aim.mode];
  const current = ends === 'everything' ? await restartStream(change, version) : version;
  if (ends === 'its partitions') {
    const partitions = drafts.map(({ partition }) => partition);
    await endPartitions(change, current, partitions);
  }
  const deltas = await withSchemaIds(change, current, write);
  const published = deltas.length > 0 ? await publishDeltas(change, current, deltas) : [];
  const kind = touchKind(aim.mode, shape.merge_keys.length > 0);
  touchData(change, { published, version: current, kind, everything: ends === 'everything' });
  return published;
}

async function withSchemaIds(
  change: Change,
  version: TableVersion,
  { drafts, untold_schema_id }: Checked,
): Promise<DeltaDraft[]> {
  const own = drafts.flatMap(({ files }) => files.flatMap(({ own_schema }) => own_schema ?? []));
  const ids = await registerFileSchemas(change, version, own);
  return drafts.map((delta) => ({
    ...delta,
    files: delta.files.map(({ own_schema, tells_columns, ...file }) => {
      const own_id = own_schema && ids.get(own_schema.serialized);
      const schema_id = tells_columns ? null : untold_schema_id;
      return { ...file, schema_id: own_id ?? schema_id ?? version.schema_id };
    }),
  }));
}

function touchData(
  change: Change,
  of: { published: PublishedDelta[]; version: TableVersion; kind: TouchKind; everything: boolean },
): void {
  const { published, version, kind, everything } = of;
  const object_id = version.table_version_id;
  const ids = new Set(published.map(({ partition_id }) => partition_id));
  const isWide = everything || ids.size > PARTITIONS_TOUCHED_MAX;
  const partitions = isWide ? [null] : [...ids];
  change.touch(...partitions.map((partition_id) => ({ object_id, kind, partition_id })));
}

function summary(published: PublishedDelta[]): Written {
  const sum = (key: 'files' | 'records' | 'bytes') => published.reduce((total, delta) => total + delta[key], 0);
  return {
    files_registered: sum('files'),
    deltas_written: published.length,
    total_records: sum('records'),
    total_bytes: sum('bytes'),
    // In a transaction they have no position yet.
    committed_delta_locators: published.flatMap(({ position, partition_id, stream_id }) =>
      position === null ? [] : [{ stream_position: position, partition_id, stream_id }],
    ),
  };
}
