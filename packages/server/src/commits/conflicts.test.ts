import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalogNamed } from '../roots/catalogs.ts';
import { startTestServer, type TestServer } from '../testing/server.ts';
import { commit } from './commit.ts';
import type { TouchKind } from './touches.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

function touching(object_id: string, kind: TouchKind, base_seq: number | null = null) {
  const context = server.requestContext();
  return commit(context, {
    catalog: catalogNamed(context, null),
    operation: `test_${kind}`,
    base_seq,
    async decide(change) {
      change.touch({ object_id, kind });
      return {};
    },
  });
}

let objects = 0;

/** Commits `theirs` and then `ours` on a base before it; the code of the refusal, or null. */
async function race(theirs: TouchKind, ours: TouchKind): Promise<string | null> {
  const object = `object-${objects++}`;
  const base = await touching('anything', 'alter');
  await touching(object, theirs);
  try {
    await touching(object, ours, base.seq);
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

const CONFLICTING: [theirs: TouchKind, ours: TouchKind][] = [
  ['name', 'name'],
  ['drop', 'child'],
  ['child', 'drop'],
  ['alter', 'alter'],
  ['rename', 'alter'],
  ['alter', 'drop'],
  ['drop', 'rename'],
  ['drop', 'append'],
  ['drop', 'merge'],
  ['drop', 'truncate'],
  ['rewrite', 'rewrite'],
  ['replace', 'rewrite'],
  ['alter_incompatible', 'rewrite'],
];

const PEACEFUL: [theirs: TouchKind, ours: TouchKind][] = [
  ['append', 'append'],
  ['add', 'append'],
  ['merge', 'merge'],
  ['append', 'alter'],
  ['append', 'drop'],
  ['alter', 'append'],
  ['rename', 'append'],
  ['rewrite', 'append'],
  ['rewrite', 'replace'],
  ['append', 'rewrite'],
  ['child', 'child'],
  ['child', 'alter'],
];

describe('on an older base', () => {
  test.each(CONFLICTING)('%s, committed first, refuses %s', async (theirs, ours) => {
    expect(await race(theirs, ours)).toBe('concurrent_modification');
  });

  test.each(PEACEFUL)('%s, committed first, lets %s pass', async (theirs, ours) => {
    expect(await race(theirs, ours)).toBeNull();
  });

  test('the refusal names the winner, for clients that tell conflicts apart', async () => {
    const base = await touching('anything', 'alter');
    const winner = await touching('named', 'drop');
    await expect(touching('named', 'append', base.seq)).rejects.toMatchObject({
      message: expect.stringContaining(`commit ${winner.seq} (test_drop)`),
      details: {
        ...{ conflict_class: 'retryable_stale_read', blocker_outcome: 'successful_winner', seq: winner.seq },
        ...{ blocking_transaction_status: 'success', blocking_transaction_id: `commit:${winner.seq}` },
      },
    });
  });
});

test('what was committed up to the base does not conflict', async () => {
  const dropped = await touching('settled', 'drop');
  await expect(touching('settled', 'alter', dropped.seq)).resolves.toMatchObject({ seq: (dropped.seq ?? 0) + 1 });
});

test('a change without a base never conflicts', async () => {
  await touching('unbased', 'drop');
  await expect(touching('unbased', 'drop')).resolves.toMatchObject({ seq: expect.any(Number) });
});
