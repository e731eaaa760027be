import { expect, test } from 'vitest';
import { openSession } from './session.ts';

/** Sorts more than its session may keep in memory. */
async function sortOnDisk(seed: number): Promise<string> {
  using session = await openSession({ memory_limit_mb: 40 });
  const rows = 'SELECT i, repeat(CAST(i AS VARCHAR), 10) AS pad FROM range(300000) t(i)';
  const sorted = `SELECT i, row_number() OVER (ORDER BY hash(i + ${seed}), pad) AS r FROM (${rows})`;
  const [row] = await session.rows(`SELECT sum(CAST(r AS HUGEINT) * (i % 7)) FROM (${sorted})`);
  return String(row?.[0]);
}

test('sessions with limits of their own put aside on disk what does not fit, all at once', async () => {
  const alone = [await sortOnDisk(1), await sortOnDisk(2)];
  expect(await Promise.all([sortOnDisk(1), sortOnDisk(2)])).toEqual(alone);
});
