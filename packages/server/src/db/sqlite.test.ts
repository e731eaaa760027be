import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from './database.ts';
import { openSqlite } from './sqlite.ts';

let folder: string;
let db: Database;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'deltacat-db-'));
  db = await openSqlite(folder);
});
afterEach(async () => {
  await db.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('a folder', () => {
  test('is refused to a second server, by the number of the first, until that one stops', async () => {
    await expect(openSqlite(folder)).rejects.toThrow(`process ${process.pid}`);
    await db.close();
    db = await openSqlite(folder);
  });

  test('the reading side cannot write', async () => {
    await expect(db.reader.deleteFrom('catalogs').execute()).rejects.toThrow(/readonly/);
  });
});
