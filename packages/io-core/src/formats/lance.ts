import { DeltacatError } from '@deltacat/contract';
import type { Table } from '@lancedb/lancedb';
import * as arrow from 'apache-arrow';
import { adoptBatches } from '../columns/adopt.ts';
import type { ArrowBatch, ArrowTable } from '../columns/arrow-shape.ts';
import { ambientAccess, type StorageAccess } from '../storage/access.ts';
import { folderSize } from '../storage/real-path.ts';
import { Scratch } from '../storage/scratch.ts';
import type { Format, Inspection } from './capability.ts';
import { damaged } from './damaged.ts';
import { loadLance, reasonOf, tableAt } from './lance-library.ts';
import { removeLance, writeLance } from './lance-write.ts';
import type { FileRows } from './parquet-file.ts';
import { scanThroughParquet } from './through-parquet.ts';

/** Lance datasets, each a folder, by Lance's own library where it is installed. */
export const lanceFormat: Format = {
  extension: '.lance',
  inspect: inspectLance,
  scan: scanThroughParquet(({ path }, input) => readLance(path, input)),
  write: writeLance,
  remove: removeLance,
};

async function inspectLance(path: string, access: StorageAccess): Promise<Inspection> {
  await using scratch = new Scratch();
  const size_bytes = await datasetSize(path, access);
  const dataset = await openDataset(path, { access, scratch });
  try {
    const record_count = await dataset.table.countRows();
    return { record_count, size_bytes, schema: dataset.schema, column_stats: null };
  } finally {
    dataset.table.close();
  }
}

async function datasetSize(path: string, access: StorageAccess): Promise<number> {
  const storage = access.open(path);
  const versions = await folderSize(storage, `${path}/_versions`);
  const size = versions === null ? null : await folderSize(storage, path);
  if (size !== null) return size;
  throw new DeltacatError('invalid_entry', `There is no Lance dataset ${path}.`, { path });
}

/** How a dataset is reached, and where it may be copied or linked to. */
export interface Reach {
  access: StorageAccess;
  scratch: Scratch;
}

/** An open dataset. Whoever opens it closes its table. */
export interface Dataset {
  table: Table;
  schema: arrow.Schema;
}

/**
 * Opens a dataset by a link of a scratch folder, or by a copy where it is not on this machine: Lance takes few names for tables, and
 * its credentials are of another kind than those of our storage.
 */
export async function openDataset(path: string, reach: Reach): Promise<Dataset> {
  const { connect } = await loadLance();
  const { folder, name } = tableAt(await localDataset(path, reach));
  try {
    const connection = await connect(folder);
    const table = await connection.openTable(name);
    // The schema comes by another build of apache-arrow; a table of no rows carries it over.
    const { schema } = adoptBatches((await table.schema()) as unknown as ArrowTable['schema'], []);
    return { table, schema };
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function localDataset(path: string, { access, scratch }: Reach): Promise<string> {
  const storage = access.open(path);
  const local = storage.localPath(path);
  if (local !== null) return scratch.link(local, '.lance');
  const copy = await scratch.path('.lance');
  const place = ambientAccess.open(copy);
  for await (const file of storage.list(path)) {
    const inside = file.path.slice(path.length);
    refuseSteps(path, inside);
    await place.write(`${copy}${inside}`, await storage.read(file.path));
  }
  return copy;
}

/** To a store `..` is a name like any other; in a folder of this machine it would lead out of the copy, to anywhere. */
function refuseSteps(path: string, inside: string): void {
  const [, ...parts] = inside.split('/');
  if (!parts.some((part) => part === '' || part === '.' || part === '..')) return;
  throw damaged(path, `its file ${inside} has a name that no file of a dataset has`);
}

function unreadable(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof DeltacatError) return error;
  return damaged(path, reasonOf(error));
}

/** The rows of a dataset, in their order, as they come: of the wanted columns only, which Lance alone fetches. */
async function readLance(
  path: string,
  { access, scratch, wanted }: Reach & { wanted: ReadonlySet<string> | null },
): Promise<FileRows> {
  await datasetSize(path, access);
  const { table, schema } = await openDataset(path, { access, scratch });
  table.close();
  const chosen = schema.fields.filter(({ name }) => wanted === null || wanted.has(name));
  const kept = new arrow.Schema(chosen.length > 0 ? chosen : schema.fields.slice(0, 1));
  return { schema: kept, batches: () => readBatches(path, kept, { access, scratch }) };
}

async function* readBatches(path: string, schema: arrow.Schema, reach: Reach): AsyncGenerator<arrow.RecordBatch> {
  const { table } = await openDataset(path, reach);
  try {
    for await (const batch of table.query().select(schema.fields.map(({ name }) => name))) {
      // Of another build of apache-arrow, like the schema.
      yield* adoptBatches(schema, [batch as unknown as ArrowBatch]).batches;
    }
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    table.close();
  }
}
