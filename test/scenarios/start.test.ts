import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

async function start(folder: string): Promise<string> {
  const flags = ['--conditions=@deltacat/source', '--disable-warning=ExperimentalWarning'];
  const env = { ...process.env, PORT: '0', DELTACAT_START_FOLDER: folder, DELTACAT_START_ONCE: 'true' };
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, join(ROOT, 'scripts/start.ts')], {
    cwd: ROOT,
    env,
  });
  return stdout;
}

test('npm start loads the flights once, corrects them, reads them back in time, and finds them again', {
  timeout: 300_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'deltacat-start-'));
  const first = await start(folder);
  expect(first).toMatch(/number the rows and append them: 3,000,000 rows/);
  expect(first).toMatch(/merge a correction.*: [\d,]+ rows/);
  const now = /delays above 480 minutes, now: ([\d,]+) rows/;
  const before = /as it was before the correction: ([\d,]+) rows/;
  expect(now.exec(first)?.[1]).toBe('0');
  expect(before.exec(first)?.[1]).not.toBe('0');
  for (const way of ['curl', 'Python', 'TypeScript', 'npx deltacat read']) expect(first).toContain(way);

  const second = await start(folder);
  expect(second).toContain('The flights of an earlier run are there');
  expect(second).not.toContain('append them');
  expect([now.exec(second)?.[1], before.exec(second)?.[1]]).toEqual([now.exec(first)?.[1], before.exec(first)?.[1]]);
  rmSync(folder, { recursive: true, force: true });
});
