import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { TEST_DATABASE_URL } from '../testing/database.ts';
import { startTransacting } from '../testing/transacting.ts';
import { touchesAfter } from './conflicts.ts';

// PostgreSQL chooses by how much there is, which in a test is next to nothing.
test.skipIf(TEST_DATABASE_URL !== null)(
  'looking for a conflict reads what was done to the object, not to its whole catalog',
  async () => {
    const on = await startTransacting();
    const query = touchesAfter(on.server.context.db.reader, ['t'], 1).where('touches.kind', 'in', ['drop', 'alter']);
    const steps = await query.orderBy('touches.seq').limit(1).explain<{ detail: string }>(undefined, sql`query plan`);
    expect(steps[0]?.detail).toContain('touches_by_object (object_id=? AND seq>?)');
    await on.close();
  },
);
