import { expect, test } from 'vitest';
import { openSession } from './session.ts';

/** Sorts more than its session may keep in memory. */
async function sortOnDisk(seed: number): Promise<string> {
  using session = await openSession({ memory_limit_mb: 120 });
  const rows = 'SELECT i, repeat(CAST(i AS VARCHAR), 10) AS pad FROM range(300000) t(i)';
  const sorted = `SELECT i, row_number() OVER (ORDER BY hash(i + ${seed}), pad) AS r FROM (${rows})`;
  const [row] = await session.rows(`SELECT sum(CAST(r AS HUGEINT) * (i % 7)) FROM (${sorted})`);
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
