import { expect, test } from 'vitest';
import { openSession } from './session.ts';

/** Sorts more than a session may keep in memory. */
function sortSql(seed: number): string {
  const rows = 'SELECT i, repeat(CAST(i AS VARCHAR), 10) AS pad FROM range(300000) t(i)';
  const sorted = `SELECT i, row_number() OVER (ORDER BY hash(i + ${seed}), pad) AS r FROM (${rows})`;
  return `SELECT sum(CAST(r AS HUGEINT) * (i % 7)) FROM (${sorted})`;
}

async function sortOnDisk(seed: number): Promise<string> {
  using session = await openSession({ memory_limit_mb: 384 });
  // Less than a limit may be, so that few rows are too many.
  await session.rows(`SET memory_limit = '40MiB'`);
  const [row] = await session.rows(sortSql(seed));
  return String(row?.[0]);
}

test('sessions with limits of their own put aside on disk what does not fit, all at once', async () => {
  const alone = [await sortOnDisk(1), await sortOnDisk(2)];
  expect(await Promise.all([sortOnDisk(1), sortOnDisk(2)])).toEqual(alone);
});

test.each([0, -1, Number.NaN])('a memory limit of %d is refused', async (memory_limit_mb) => {
  await expect(openSession({ memory_limit_mb })).rejects.toMatchObject({ code: 'invalid_request' });
});

test('a session alone may hold more rows on their way than one of many, and all of them little', async () => {
  using alone = await openSession();
  expect(alone.batch_bytes_max).toBeGreaterThan(16 * 2 ** 20);
  const many = await Promise.all(Array.from({ length: 100 }, () => openSession()));
  expect(many.reduce((sum, { batch_bytes_max }) => sum + batch_bytes_max, 0)).toBeLessThan(128 * 2 ** 20);
  for (const session of many) session[Symbol.dispose]();
  using later = await openSession();
  expect(later.batch_bytes_max).toBe(alone.batch_bytes_max / 2);
});

test('a full disk fails what needs it, saying so, and nothing else', async () => {
  using session = await openSession({ memory_limit_mb: 384 });
  // Less than a limit may be, so that few rows are too many.
  await session.rows(`SET memory_limit = '40MiB'`);
  await session.rows(`SET max_temp_directory_size = '1MiB'`);
  const refusal = { code: 'service_unavailable', message: expect.stringContaining('temporary folder is full') };
  await expect(session.rows(sortSql(1))).rejects.toMatchObject(refusal);
  expect(await session.rows('SELECT 1')).toEqual([[1]]);
});
