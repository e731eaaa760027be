import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '../testing/server.ts';
import { startWriting, type Writing } from '../testing/writing.ts';

let root: string;
let w: Writing;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'deltacat-clock-'));
});

afterEach(async () => {
  await w.close();
  rmSync(root, { recursive: true, force: true });
});

/** A server that is started again by a machine whose clock has been set back by two hours. */
async function restartEarlier(): Promise<bigint> {
  const clock = new ManualClock();
  w = await startWriting(clock, root);
  await w.createTable('t');
  const { body } = await w.write('t', [{ id: 1, v: 'a' }]);
  await w.close();
  clock.advanceSeconds(-7200);
  w = await startWriting(clock, root);
  return body.committed_at_ns;
}

test('after the clock was set back, commits stay later than those before, and every moment reads as it was', async () => {
  const before = await restartEarlier();
  const { body } = await w.write('t', [{ id: 2, v: 'b' }]);
  expect(body.committed_at_ns).toBeGreaterThan(before);
  expect(await w.totals('t', before)).toMatchObject({ records: 1 });
  expect(await w.totals('t', body.committed_at_ns)).toMatchObject({ records: 2 });
  const later = await w.server.request('GET', `/v1/namespaces/n/tables/t?as_of=${body.committed_at_ns + 1n}`);
  expect(later).toMatchObject({ status: 400, body: { error: { code: 'invalid_as_of' } } });
});

test('after the clock was set back, a write key still finds its open session', async () => {
  await restartEarlier();
  const [one, other] = [await w.open('t', { write_key: 'k' }), await w.open('t', { write_key: 'k' })];
  expect(other.session_id).toBe(one.session_id);
});
