import type { Selectable } from 'kysely';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import type { FileRow, ManifestStats } from '../db/tables.ts';
import { BoundedCache } from './bounded-cache.ts';

/** A file of a manifest, as it was registered. */
export type ManifestFile = Omit<Selectable<FileRow>, 'manifest_id' | 'ordinal'>;

/** What the files of a manifest count, a list per number: the n-th item is of the n-th file. */
export interface FileSizes {
  record_count: number[];
  content_length: number[];
}

/** How many files' sizes are kept in memory; two numbers each. */
const SIZES_CACHED_MAX = 4_000_000;
/** How many bounds of columns of files are kept in memory: about 100 bytes each, three per file and column. */
const BOUNDS_CACHED_MAX = 6_000_000;

const sizesCache = new BoundedCache<FileSizes>(SIZES_CACHED_MAX);
const statsCache = new BoundedCache<Map<string, ManifestStats[string] | null>>(BOUNDS_CACHED_MAX);

/** The files of manifests, in the order of their registration. */
export async function readFiles(queries: Queries, manifestIds: string[]): Promise<Map<string, ManifestFile[]>> {
  const found = new Map<string, ManifestFile[]>(manifestIds.map((id) => [id, []]));
  for (const some of chunks(manifestIds)) {
    const rows = await queries
      .selectFrom('files')
      .selectAll()
      .where('manifest_id', 'in', some)
      .orderBy('manifest_id')
      .orderBy('ordinal')
      .execute();
    for (const { manifest_id, ordinal: _, ...file } of rows) found.get(manifest_id)?.push(file);
  }
  return found;
}

/** Which files of a manifest are wanted, by their places in it; null for all of them. */
export interface ChosenFiles {
  manifest_id: string;
  ordinals: number[] | null;
}

/** Of so many places each is looked up; a longer list costs more than the whole manifest. */
const ORDINALS_LOOKED_UP_MAX = 100;

/** Some files of manifests, at their places in lists with gaps. A filter often leaves one file of a manifest of a thousand. */
export async function readChosenFiles(
  queries: Queries,
  chosen: readonly ChosenFiles[],
): Promise<Map<string, ManifestFile[]>> {
  const isSome = ({ ordinals }: ChosenFiles) => ordinals !== null && ordinals.length <= ORDINALS_LOOKED_UP_MAX;
  const whole = new Set(chosen.filter((one) => !isSome(one)).map(({ manifest_id }) => manifest_id));
  const found = await readFiles(queries, [...whole]);
  const places = chosen
    .filter(({ manifest_id }) => !whole.has(manifest_id))
    .flatMap(({ manifest_id, ordinals }) => (ordinals ?? []).map((ordinal) => ({ manifest_id, ordinal })));
  for (const some of chunks(places)) {
    const wanted = [...Map.groupBy(some, ({ manifest_id }) => manifest_id)];
    const rows = await queries
      .selectFrom('files')
      .selectAll()
      .where(({ eb, and, or }) =>
        or(
          wanted.map(([manifest_id, of]) => {
            const ordinals = of.map(({ ordinal }) => ordinal);
            return and([eb('manifest_id', '=', manifest_id), eb('ordinal', 'in', ordinals)]);
          }),
        ),
      )
      .execute();
    placeFiles(found, rows);
  }
  return found;
}

function placeFiles(found: Map<string, ManifestFile[]>, rows: readonly Selectable<FileRow>[]): void {
  for (const { manifest_id, ordinal, ...file } of rows) {
    const files = found.get(manifest_id) ?? [];
    files[ordinal] = file;
    found.set(manifest_id, files);
  }
}

/** The files of one manifest from one place to another, both included, at their places in a list with gaps. */
export async function readFileRange(
  queries: Queries,
  manifest_id: string,
  { first, last }: { first: number; last: number },
): Promise<ManifestFile[]> {
  const rows = await queries
    .selectFrom('files')
    .selectAll()
    .where('manifest_id', '=', manifest_id)
    .where('ordinal', '>=', first)
    .where('ordinal', '<=', last)
    .execute();
  const files: ManifestFile[] = [];
  for (const { manifest_id: _, ordinal, ...file } of rows) files[ordinal] = file;
  return files;
}

/** The sizes of the files of manifests, without reading anything else of them. */
export async function readSizes(queries: Queries, manifestIds: string[]): Promise<Map<string, FileSizes>> {
  const found = new Map<string, FileSizes>();
  const missing: string[] = [];
  for (const id of manifestIds) {
    const sizes = sizesCache.get(id);
    if (!sizes) missing.push(id);
    found.set(id, sizes ?? { record_count: [], content_length: [] });
  }
  for (const some of chunks(missing)) {
    const rows = await queries
      .selectFrom('files')
      .select(['manifest_id', 'record_count', 'content_length'])
      .where('manifest_id', 'in', some)
      .orderBy('manifest_id')
      .orderBy('ordinal')
      .execute();
    for (const row of rows) {
      found.get(row.manifest_id)?.record_count.push(row.record_count);
      found.get(row.manifest_id)?.content_length.push(row.content_length);
    }
  }
  for (const id of missing) {
    const sizes = found.get(id);
    if (sizes) sizesCache.set(id, sizes, 1 + sizes.record_count.length);
  }
  return found;
}

/** The statistics of some columns of the files of manifests. A manifest without any has an empty object. */
export async function readStats(
  queries: Queries,
  manifestIds: string[],
  columns: string[],
): Promise<Map<string, ManifestStats>> {
  const found = new Map<string, ManifestStats>();
  const missing: string[] = [];
  for (const id of manifestIds) {
    const known = statsCache.get(id);
    if (known && columns.every((column) => known.has(column))) found.set(id, pickStats(known, columns));
    else missing.push(id);
  }
  for (const [id, stats] of await readAllStats(queries, missing)) {
    const known = new Map(statsCache.get(id));
    for (const column of columns) known.set(column, Object.hasOwn(stats, column) ? (stats[column] ?? null) : null);
    statsCache.set(id, known, weigh(known));
    found.set(id, pickStats(known, columns));
  }
  return found;
}

/** The statistics of every column of the files of manifests. Meant for the few manifests of a page. */
export async function readAllStats(queries: Queries, manifestIds: string[]): Promise<Map<string, ManifestStats>> {
  const found = new Map<string, ManifestStats>(manifestIds.map((id) => [id, {}]));
  for (const some of chunks(manifestIds)) {
    const rows = await queries.selectFrom('file_stats').selectAll().where('manifest_id', 'in', some).execute();
    for (const row of rows) found.set(row.manifest_id, row.stats);
  }
  return found;
}

function pickStats(known: Map<string, ManifestStats[string] | null>, columns: string[]): ManifestStats {
  const picked: ManifestStats = {};
  for (const column of columns) {
    const stats = known.get(column);
    if (stats) picked[column] = stats;
  }
  return picked;
}

function weigh(known: Map<string, ManifestStats[string] | null>): number {
  let weight = 1;
  for (const stats of known.values()) weight += 1 + 3 * (stats?.min.length ?? 0);
  return weight;
}
