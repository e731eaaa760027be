import type { Config } from '../config.ts';
import type { Database, Queries } from '../db/database.ts';
import { openSnapshot, openStore } from '../db/open.ts';
import { accessToRoots, allRoots } from '../roots/access.ts';
import { catalogsIn } from '../roots/catalogs.ts';
import { FINDINGS_MAX, type Found } from './check.ts';
import { CHECKS } from './checks/checks.ts';
import { checkFiles, FILE_CODES } from './data-files.ts';
import { findOrphans, type Orphans } from './orphans.ts';
import { repairFound } from './repair.ts';

/** How thoroughly a store is checked, and who is told meanwhile. */
export interface StoreCheckOptions {
  /** Whether the files of the tables are looked at, and others looked for. */
  files: boolean;
  /** Also files that only earlier times show. */
  history: boolean;
  /** How long a file that nothing names must have been left alone to count as an orphan. */
  orphans_older_than_ms: number;
  progress(text: string): void;
}

/** What a check found. */
export interface StoreReport {
  catalogs: { name: string; head_seq: number }[];
  /** What is broken or untidy, by code; nothing else is listed. */
  found: Found[];
  /** Files that nothing needs; null when they were not looked for. */
  orphans: Orphans | null;
  /** How many promises were looked after, and how many files of tables were looked at. */
  checks: number;
  files: number;
  took_ms: number;
}

/** A check and what was mended after it. */
export interface RepairReport {
  before: StoreReport;
  /** The codes of what was mended. */
  mended: string[];
  /** Why nothing was mended although something could be; null otherwise. */
  refused: string | null;
  /** What is left: the same check of the rows afterwards, and what was found of files before. */
  after: StoreReport;
}

/**
 * Checks every promise of a store on one state of it, which may be in use meanwhile: nothing is changed and nobody
 * waits. Throws when there is no store, or when it is not one of this server's version.
 */
export async function checkStore(config: Config, options: StoreCheckOptions): Promise<StoreReport> {
  const began = performance.now();
  const began_ms = Date.now();
  const snapshot = await openSnapshot(config);
  try {
    options.progress('looking for damages of the database');
    const damages = await snapshot.damages();
    if (damages.length > 0) return damaged(damages, began);
    const { queries } = snapshot;
    const catalogs = await queries.selectFrom('catalogs').select(['name', 'head_seq']).orderBy('name').execute();
    const found = await checkRows(queries, options);
    const { files, found: troubles, orphans } = await checkAllFiles(queries, config, { ...options, began_ms });
    found.push(...troubles);
    return { ...{ catalogs, found, orphans, files }, checks: CHECKS.length, took_ms: tookSince(began) };
  } finally {
    await snapshot.close();
  }
}

/**
 * Checks a store and mends what can be mended without losing anything: numbers that can be counted again, and rows of
 * transactions that were given up. `tell` is given what was found before anything is mended. Throws when a
 * server holds the folder; servers of a PostgreSQL database may go on.
 */
export async function repairStore(
  config: Config,
  options: StoreCheckOptions,
  tell: (before: StoreReport) => Promise<void>,
): Promise<RepairReport> {
  await (await openSnapshot(config)).close();
  const db = await openStore(config);
  try {
    const before = await checkStore(config, options);
    await tell(before);
    const refused = refusalOf(before);
    const mendable = before.found.filter(isMendable);
    if (refused !== null || mendable.length === 0) return { before, mended: [], refused, after: before };
    const { mended, after } = await repairAndCheck(db, { config, options, mendable });
    const { files, orphans } = before;
    const found = [...after.found, ...before.found.filter((one) => !isRowTrouble(one) && !isMendable(one))];
    return { before, mended, refused, after: { ...after, files, orphans, found } };
  } finally {
    await db.close();
  }
}

async function repairAndCheck(
  db: Database,
  { config, options, mendable }: { config: Config; options: StoreCheckOptions; mendable: Found[] },
): Promise<{ mended: string[]; after: StoreReport }> {
  options.progress('mending');
  await repairFound(db, mendable);
  const after = await checkStore(config, { ...options, files: false });
  const left = new Set(after.found.map(({ code }) => code));
  return { mended: mendable.map(({ code }) => code).filter((code) => !left.has(code)), after };
}

/** Looks at the files of the tables, and for others; at none when that is not wanted. */
async function checkAllFiles(
  queries: Queries,
  config: Config,
  options: StoreCheckOptions & { began_ms: number },
): Promise<{ found: Found[]; files: number; orphans: Orphans | null }> {
  if (!options.files) return { found: [], files: 0, orphans: null };
  const { history, progress, began_ms, orphans_older_than_ms } = options;
  const roots = await allRoots(queries, await catalogsIn(queries, config));
  const folders = roots.map(({ root }) => `${root}/data`);
  const access = await accessToRoots(roots, folders);
  const looked = await checkFiles(queries, {
    ...{ history, access },
    progress: (count) => progress(`looking at files: ${count}`),
  });
  const orphans = await findOrphans(queries, {
    ...{ roots: roots.map(({ root }) => root), access },
    modified_before_ms: began_ms - orphans_older_than_ms,
    progress: (count) => progress(`looking for orphans: ${count}`),
  });
  return { ...looked, orphans };
}

/** Checks what is kept in rows, one promise after the other. */
async function checkRows(queries: Queries, { progress }: StoreCheckOptions): Promise<Found[]> {
  const found: Found[] = [];
  for (const [index, check] of CHECKS.entries()) {
    progress(`checking ${index + 1} of ${CHECKS.length}: ${check.code}`);
    const one = await check.find(queries);
    if (one.count > 0) found.push(one);
  }
  return found;
}

/** A wrong sum beside a lost row may be all that tells of the row: it stays until the row is back. */
function refusalOf({ found }: StoreReport): string | null {
  const lost = found.filter((one) => isRowTrouble(one) && !isMendable(one));
  if (lost.length === 0 || !found.some(isMendable)) return null;
  const codes = lost.map(({ code }) => code).join(', ');
  return `Nothing was mended, because what cannot be mended was found too (${codes}): restore a backup.`;
}

function isMendable({ findings }: Found): boolean {
  return findings.every(({ repair }) => repair);
}

/** Files of tables can be looked at again at any time, and no row depends on them. */
function isRowTrouble({ code }: Found): boolean {
  return !FILE_CODES.includes(code);
}

function damaged(damages: string[], began: number): StoreReport {
  const code = 'database_damaged';
  const findings = damages.slice(0, FINDINGS_MAX).map((message) => {
    return { code, severity: 'broken' as const, object: 'the database', message, repair: false };
  });
  const found = [{ code, count: damages.length, findings }];
  return { ...{ catalogs: [], found, orphans: null, files: 0 }, checks: 0, took_ms: tookSince(began) };
}

function tookSince(began: number): number {
  return Math.round(performance.now() - began);
}
