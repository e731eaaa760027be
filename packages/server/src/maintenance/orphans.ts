import type { StorageAccess } from '@deltacat/io-core';
import { sql } from 'kysely';
import type { Queries } from '../db/database.ts';
import { FINDINGS_MAX, type Found } from './check.ts';
import { PathSet } from './path-set.ts';

/** How many files are read from the store at a time. */
const FILES_PER_PAGE_MAX = 10_000;

/** What is looked for, and who is told meanwhile. */
export interface OrphanOptions {
  /** The data roots of all catalogs. */
  roots: string[];
  access: StorageAccess;
  /** Files that changed later than this are still at work. */
  modified_before_ms: number;
  progress(files: number): void;
}

/** Files that nothing needs, with what they come to. */
export interface Orphans extends Found {
  size_bytes: number;
}

/**
 * Files below the `data` folder of a data root that nothing in the store names, that no write session or transaction is
 * still writing, and that are old enough. They are told, never removed.
 */
export async function findOrphans(queries: Queries, options: OrphanOptions): Promise<Orphans> {
  const orphans: Orphans = { code: 'orphan_file', count: 0, findings: [], size_bytes: 0 };
  const known = await readKnown(queries);
  let files = 0;
  for (const folder of foldersOf(options.roots)) {
    for await (const { path, size_bytes, modified_ms } of options.access.open(folder).list(folder)) {
      files += 1;
      options.progress(files);
      if (modified_ms >= options.modified_before_ms || isKnown(known, path, folder)) continue;
      orphans.count += 1;
      orphans.size_bytes += size_bytes;
      if (orphans.findings.length >= FINDINGS_MAX) continue;
      const message = `nothing names it; it has ${size_bytes} bytes`;
      orphans.findings.push({ code: orphans.code, severity: 'untidy', object: path, message, repair: false });
    }
  }
  return orphans;
}

/** The folders that hold what servers and sessions write; catalogs may share one. */
function foldersOf(roots: string[]): Set<string> {
  return new Set(roots.map((root) => `${root.replace(/\/+$/, '')}/data`));
}

/** Every file that a manifest lists, whether it is committed or not, and the folders of writes under way. */
async function readKnown(queries: Queries): Promise<PathSet> {
  const known = new PathSet();
  let last = { manifest_id: '', ordinal: -1 };
  for (;;) {
    const page = await queries
      .selectFrom('files')
      .select(['manifest_id', 'ordinal', 'path'])
      .where(sql<boolean>`(manifest_id, ordinal) > (${last.manifest_id}, ${last.ordinal})`)
      .orderBy('manifest_id')
      .orderBy('ordinal')
      .limit(FILES_PER_PAGE_MAX)
      .execute();
    for (const { path } of page) known.add(path);
    const end = page.at(-1);
    if (!end || page.length < FILES_PER_PAGE_MAX) break;
    last = end;
  }
  const writing = queries.selectFrom('write_sessions').select('data_dir').where('status', 'in', ['OPEN', 'ATTACHED']);
  for (const { data_dir } of await writing.execute()) known.add(data_dir);
  return known;
}

/** Whether a file or a folder that it is in is known: some formats keep many files in one folder. */
function isKnown(known: PathSet, path: string, folder: string): boolean {
  for (let at = path; at.length > folder.length; at = at.slice(0, at.lastIndexOf('/'))) {
    if (known.has(at)) return true;
  }
  return false;
}
