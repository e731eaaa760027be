import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { mountSmallDisk } from '../testing/small-disk.ts';
import { backupStore } from './backup.ts';
import type { Database } from './database.ts';
import { restoreStore } from './restore.ts';
import { openSqlite } from './sqlite.ts';

let folder: string;
let root: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-backup-'));
  root = join(folder, 'catalog');
  file = join(folder, 'backups', 'store.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const KEEP = { force: false };
const FORCE = { force: true };

/** Moves the head of the only catalog, as commits do. */
async function commitUpTo(db: Database, head_seq: number): Promise<void> {
  const row = { catalog_id: 'c', name: 'default', definitions_id: 'd', created_at_ns: 1n, head_at_ns: 1n };
  await db.unit('c', (queries) =>
    queries
      .insertInto('catalogs')
      .values({ ...row, head_seq })
      .onConflict((conflict) => conflict.column('catalog_id').doUpdateSet({ head_seq }))
      .execute(),
  );
}

async function makeStore(head_seq: number): Promise<void> {
  const db = await openSqlite(root);
  await commitUpTo(db, head_seq);
  // A reader that was never asked anything would keep the log open.
  await db.reader.selectFrom('catalogs').select('name').execute();
  await db.close();
}

async function headOf(place = root): Promise<number | undefined> {
  const db = await openSqlite(place);
  const row = await db.reader.selectFrom('catalogs').select('head_seq').executeTakeFirst();
  await db.close();
  return row?.head_seq;
}

describe('a backup', () => {
  test('has what was committed before it, though the store is in use', async () => {
    const db = await openSqlite(root);
    await commitUpTo(db, 7);
    const copy = await backupStore(root, file, KEEP);
    expect(copy).toMatchObject({ catalogs: [{ name: 'default', head_seq: 7, head_at_ns: 1n }] });
    expect(readFileSync(file)).toHaveLength(copy.size_bytes);
    await commitUpTo(db, 8);
    await db.close();
    await restoreStore(join(folder, 'other'), file, KEEP);
    expect([await headOf(join(folder, 'other')), await headOf()]).toEqual([7, 8]);
  });

  test('replaces no file unless it may, and leaves nothing else in its folder', async () => {
    await makeStore(1);
    await backupStore(root, file, KEEP);
    await makeStore(2);
    await expect(backupStore(root, file, KEEP)).rejects.toThrow(/store\.db exists already.*--force/);
    expect((await backupStore(root, file, FORCE)).catalogs).toMatchObject([{ head_seq: 2 }]);
    expect(readdirSync(join(folder, 'backups'))).toEqual(['store.db']);
  });

  test.each(['catalog.db', 'catalog.db-wal'])('never takes the place of %s itself', async (name) => {
    await makeStore(1);
    await expect(backupStore(root, join(root, name), FORCE)).rejects.toThrow(/part of the store itself/);
    expect(await headOf()).toBe(1);
  });

  test('refuses a folder without a store, and the name of a folder', async () => {
    await expect(backupStore(root, file, KEEP)).rejects.toThrow(/There is no store in .*catalog/);
    expect(existsSync(root)).toBe(false);
    await makeStore(1);
    await expect(backupStore(root, folder, FORCE)).rejects.toThrow(/is not a file/);
  });

  test('of a damaged store is refused, and the backup before it stays', async () => {
    await makeStore(1);
    await backupStore(root, file, KEEP);
    const before = readFileSync(file);
    damage(join(root, 'catalog.db'));
    await expect(backupStore(root, file, FORCE)).rejects.toThrow(/The store in .* is damaged/);
    expect(readFileSync(file)).toEqual(before);
    expect(readdirSync(join(folder, 'backups'))).toEqual(['store.db']);
  });

  test('that finds no room leaves nothing behind, and says why', async ({ skip }) => {
    const disk = mountSmallDisk(100_000);
    if (!disk) return skip('mounting is not permitted');
    try {
      await makeStore(1);
      await expect(backupStore(root, join(disk.folder, 'b.db'), KEEP)).rejects.toThrow(/full|no space/);
      expect(readdirSync(disk.folder)).toEqual([]);
    } finally {
      disk.unmount();
    }
  });
});

/** Overwrites the middle of a database. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0x5a, 8_192, bytes.length - 4_096);
  writeFileSync(path, bytes);
}

describe('a restore', () => {
  beforeEach(async () => {
    await makeStore(1);
    await backupStore(root, file, KEEP);
    await makeStore(2);
  });

  test('replaces a store only when it may, and keeps the old one whole', async () => {
    await expect(restoreStore(root, file, KEEP)).rejects.toThrow(/There is a store in .*--force/);
    expect(await headOf()).toBe(2);
    const { kept, catalogs } = await restoreStore(root, file, FORCE);
    expect(catalogs).toMatchObject([{ name: 'default', head_seq: 1 }]);
    expect(await headOf()).toBe(1);
    expect(kept).toMatch(/catalog\.db\.before-restore-\d{4}-/);
    const other = join(folder, 'other');
    await restoreStore(other, kept ?? '', KEEP);
    expect(await headOf(other)).toBe(2);
  });

  test('of a store that was not closed keeps what is only in its log, and plays nothing of it into the new one', async () => {
    crash();
    const { kept } = await restoreStore(root, file, FORCE);
    expect(await headOf()).toBe(1);
    await restoreStore(join(folder, 'other'), kept ?? '', KEEP);
    expect(await headOf(join(folder, 'other'))).toBe(3);
    expect(readdirSync(root).filter((name) => name.includes('unfinished'))).toEqual([]);
  });

  test('of a store that is no more than damaged is possible, and keeps what is there', async () => {
    crash();
    const spoilt = 'x'.repeat(9_000);
    for (const name of ['catalog.db', 'catalog.db-wal']) writeFileSync(join(root, name), spoilt);
    const { kept } = await restoreStore(root, file, FORCE);
    expect(await headOf()).toBe(1);
    expect(readFileSync(kept ?? '', 'utf8')).toBe(spoilt);
  });

  test('refuses a folder that a server holds, and one whose store somebody reads', async () => {
    const db = await openSqlite(root);
    await expect(restoreStore(root, file, FORCE)).rejects.toThrow(/is held by another server/);
    await db.close();
    const reader = new DatabaseSync(join(root, 'catalog.db'));
    reader.exec('BEGIN; SELECT count(*) FROM catalogs');
    await expect(readWhile(reader)).rejects.toThrow(/Somebody is reading/);
    expect(await headOf()).toBe(2);
  });

  test.each([
    ['that is not there', () => rmSync(file), /There is no file/],
    ['that is a folder', () => beFolder(file), /There is no file/],
    ['that is empty', () => writeFileSync(file, ''), /not the store of a server/],
    ['of something else', () => writeFileSync(file, 'x'.repeat(9_000)), /It is no store, or damaged/],
    ['that is damaged', () => damage(file), /cannot be restored. It is .*damaged/],
    ['that is cut off', () => truncateSync(file, 50_000), /cannot be restored/],
    ['of another database', () => change(file, 'drop table migrations'), /not the store of a server/],
    ['of a newer server', () => change(file, "insert into migrations values ('9999-new', 1)"), /written by a newer/],
    ['whose log was left behind', () => writeFileSync(`${file}-wal`, 'x'), /is no backup: beside it is/],
  ])('refuses a file %s, and leaves the store alone', async (_what, spoil, reason) => {
    spoil();
    await expect(restoreStore(root, file, FORCE)).rejects.toThrow(reason);
    expect(await headOf()).toBe(2);
    expect(readdirSync(root).filter((name) => /unfinished|before/.test(name))).toEqual([]);
  });
});

/** Leaves the store with a commit, the third, that is only in its log, as a process does that ends at once. */
function crash(): void {
  const connection = new DatabaseSync(join(root, 'catalog.db'));
  connection.exec('PRAGMA wal_autocheckpoint = 0; UPDATE catalogs SET head_seq = 3');
  const files = ['catalog.db', 'catalog.db-wal'].map((name) => [name, readFileSync(join(root, name))] as const);
  connection.close();
  for (const [name, bytes] of files) writeFileSync(join(root, name), bytes);
}

/** Restores while a connection reads the store, and ends that. */
async function readWhile(reader: DatabaseSync): Promise<unknown> {
  const writer = new DatabaseSync(join(root, 'catalog.db'));
  writer.exec('PRAGMA wal_autocheckpoint = 0; UPDATE catalogs SET created_at_ns = 2');
  try {
    return await restoreStore(root, file, FORCE);
  } finally {
    writer.close();
    reader.close();
  }
}

function beFolder(path: string): void {
  rmSync(path);
  mkdirSync(path);
}

function change(path: string, statement: string): void {
  const connection = new DatabaseSync(path);
  connection.exec(statement);
  connection.close();
}
