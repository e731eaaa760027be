import { DeltacatError } from '@deltacat/contract';
import { folderSize, type StorageAccess } from '@deltacat/io-core';
import { sql } from 'kysely';
import type { Queries } from '../db/database.ts';
import { mapParallel } from '../writes/parallel.ts';
import { FINDINGS_MAX, type Finding, type Found } from './check.ts';
import { objectName } from './object-name.ts';

/** How many files are read from the store at a time. */
const FILES_PER_PAGE_MAX = 5_000;

/** How many deltas are read from the store at a time. */
const DELTAS_PER_PAGE_MAX = 500;

/** How many files are looked at at once; a storage far away answers each late, and many of them at once. */
const LOOKS_MAX = 32;

/** What a delta names: a file, or a folder of files. */
interface NamedFile {
  manifest_id: string;
  ordinal: number;
  path: string;
  content_type: string;
  content_length: number;
}

/** What is told while files are looked at. */
export interface FileCheckOptions {
  /** Also files that only earlier times show. */
  history: boolean;
  access: StorageAccess;
  progress(files: number): void;
}

/**
 * Whether the files that deltas name are where they should be, in their full length; their contents are not read.
 * Answers what was found, and how many files were looked at.
 */
export async function checkFiles(
  queries: Queries,
  { history, progress, access }: FileCheckOptions,
): Promise<{ found: Found[]; files: number }> {
  const found = new Map<string, Found>();
  let files = 0;
  for await (const page of listNamed(queries, history)) {
    const troubles = await mapParallel(page, LOOKS_MAX, (file) => lookAt(file, access));
    for (const [index, trouble] of troubles.entries()) {
      const file = page[index];
      if (file && trouble) await keep(found, trouble, () => objectName(queries, 'manifest', file.manifest_id));
    }
    files += page.length;
    progress(files);
  }
  return { found: [...found.values()], files };
}

/** What can be wrong with a file of a table. */
export const FILE_CODES: readonly string[] = ['file_missing', 'file_size_wrong', 'file_unreadable'];

interface Trouble {
  code: string;
  message: string;
}

/** Looks at one file; null when it is as it was registered. */
async function lookAt(file: NamedFile, access: StorageAccess): Promise<Trouble | null> {
  const { path, content_type, content_length } = file;
  try {
    const isFolder = content_type === 'lance';
    const storage = access.open(path);
    const size = await (isFolder ? folderSize(storage, path) : storage.size(path));
    if (size === null) return { code: 'file_missing', message: `${path} is gone` };
    // A folder has no size of its own: writers count its files differently.
    if (isFolder || size === content_length) return null;
    return { code: 'file_size_wrong', message: `${path} has ${size} bytes; it was registered with ${content_length}` };
  } catch (error) {
    const reason = error instanceof DeltacatError || error instanceof Error ? error.message : String(error);
    return { code: 'file_unreadable', message: `${path} cannot be looked at: ${reason}` };
  }
}

async function keep(found: Map<string, Found>, trouble: Trouble, name: () => Promise<string>): Promise<void> {
  const { code, message } = trouble;
  const known = found.get(code) ?? { code, count: 0, findings: [] };
  found.set(code, known);
  known.count += 1;
  if (known.findings.length >= FINDINGS_MAX) return;
  const finding: Finding = { code, severity: 'broken', object: await name(), message, repair: false };
  known.findings.push(finding);
}

/** The files of all committed deltas, or of those that have not ended, a page at a time. */
async function* listNamed(queries: Queries, history: boolean): AsyncGenerator<NamedFile[]> {
  for (let after: number | null = 0; after !== null; ) {
    const deltas: { row_id: number; manifest_id: string; file_count: number }[] = await queries
      .selectFrom('deltas')
      .innerJoin('manifests', 'manifests.manifest_id', 'deltas.manifest_id')
      .select(['deltas.row_id', 'deltas.manifest_id', 'manifests.file_count'])
      .where('deltas.row_id', '>', after)
      .where('deltas.from_seq', 'is not', null)
      .$if(!history, (query) => query.where('deltas.to_seq', 'is', null))
      .orderBy('deltas.row_id')
      .limit(DELTAS_PER_PAGE_MAX)
      .execute();
    for (const manifest_ids of runs(deltas)) yield* listFiles(queries, manifest_ids);
    after = deltas.at(-1)?.row_id ?? null;
  }
}

/** Manifests in runs of as many as have the files of a page together. */
function* runs(deltas: { manifest_id: string; file_count: number }[]): Generator<string[]> {
  let run: string[] = [];
  let files = 0;
  for (const { manifest_id, file_count } of deltas) {
    run.push(manifest_id);
    files += file_count;
    if (files < FILES_PER_PAGE_MAX) continue;
    yield run;
    run = [];
    files = 0;
  }
  if (run.length > 0) yield run;
}

async function* listFiles(queries: Queries, manifest_ids: string[]): AsyncGenerator<NamedFile[]> {
  let last = { manifest_id: '', ordinal: -1 };
  for (;;) {
    const page = await queries
      .selectFrom('files')
      .select(['manifest_id', 'ordinal', 'path', 'content_type', 'content_length'])
      .where('manifest_id', 'in', manifest_ids)
      .where(sql<boolean>`(manifest_id, ordinal) > (${last.manifest_id}, ${last.ordinal})`)
      .orderBy('manifest_id')
      .orderBy('ordinal')
      .limit(FILES_PER_PAGE_MAX)
      .execute();
    if (page.length > 0) yield page;
    const end = page.at(-1);
    if (!end || page.length < FILES_PER_PAGE_MAX) return;
    last = end;
  }
}
