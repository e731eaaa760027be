import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestAnswer } from '../testing/server.ts';
import { startTransacting, type TestTransaction, type Transacting } from '../testing/transacting.ts';
import { KEYED, PLAIN } from '../testing/writing.ts';

let on: Transacting;
beforeEach(async () => {
  on = await startTransacting();
});
afterEach(() => on.close());

const TABLE = '/v1/namespaces/n/tables/t';

type Call = TestTransaction['call'];
type Write = (rows: Record<string, unknown>[], mode: string) => Promise<unknown>;

/** Something done to table `t`, inside a transaction or outside. `key` is what its rows have as their key. */
type Act = (how: { call: Call; write: Write; key: number; begun: bigint }) => Promise<unknown>;

const write =
  (mode: string): Act =>
  ({ write: put, key }) =>
    put([{ id: key, v: mode }], mode);

/** An alter that every file fits, and one that writers at work may not fit. */
const addColumn = (name: string) => ({ schema_updates: [{ op: 'add', field: { name, type: 'string' } }] });
const REMOVE_COLUMN = {
  schema_updates: { operations: [{ op: 'remove', field_locator: 'v' }], allow_incompatible_changes: true },
};

/** What the others do meanwhile: the columns. */
const THEIRS = {
  add: write('add'),
  append: write('append'),
  merge: write('merge'),
  delete: write('delete'),
  rewrite: () => must(on.server.requestAs({})('POST', `${TABLE}/plan`)),
  replace: write('replace'),
  truncate: ({ call }) => must(call('POST', `${TABLE}/truncate`)),
  rollback: ({ call, begun }) => must(call('POST', `${TABLE}/rollback`, { as_of: begun })),
  alter: ({ call }) => must(call('PUT', TABLE, { table_version_properties: { theirs: 1 } })),
  'alter of the table': ({ call }) => must(call('PUT', TABLE, { table_properties: { theirs: 1 } })),
  'further column': ({ call }) => must(call('PUT', TABLE, addColumn('theirs'))),
  'removed column': ({ call }) => must(call('PUT', TABLE, REMOVE_COLUMN)),
  'deleted version': ({ call }) => must(call('PUT', TABLE, { lifecycle_state: 'deleted' })),
  rename: ({ call }) => must(call('POST', `${TABLE}/rename?new_name=theirs`)),
  drop: ({ call }) => must(call('DELETE', TABLE)),
  'drop of its namespace': ({ call }) => must(call('DELETE', '/v1/namespaces/n')),
} satisfies Record<string, Act>;
type Theirs = keyof typeof THEIRS;

/** What the transaction does: the rows. */
const OURS = {
  add: write('add'),
  append: write('append'),
  merge: write('merge'),
  delete: write('delete'),
  replace: write('replace'),
  alter: ({ call }) => must(call('PUT', TABLE, { table_version_properties: { ours: 1 } })),
  'alter of the table': ({ call }) => must(call('PUT', TABLE, { table_properties: { ours: 1 } })),
  'further column': ({ call }) => must(call('PUT', TABLE, addColumn('ours'))),
  'removed column': ({ call }) => must(call('PUT', TABLE, REMOVE_COLUMN)),
  rename: ({ call }) => must(call('POST', `${TABLE}/rename?new_name=ours`)),
  drop: ({ call }) => must(call('DELETE', TABLE)),
} satisfies Record<string, Act>;
type Ours = keyof typeof OURS;

async function must(asked: Promise<TestAnswer>): Promise<TestAnswer> {
  return on.must(asked);
}

const APPENDS: Theirs[] = ['add', 'append'];
const MERGES: Theirs[] = ['merge', 'delete'];
const REPLACES: Theirs[] = ['replace', 'truncate', 'rollback'];
const UNFIT: Theirs[] = ['removed column', 'deleted version'];
const ALTERS: Theirs[] = ['alter', 'further column', ...UNFIT];
const DROPS: Theirs[] = ['drop', 'drop of its namespace'];

/** What refuses each of ours, on a table without keys and on one with keys, where rows of the others have the same key. */
const REFUSED_BY: Record<'plain' | 'keyed', Partial<Record<Ours, Theirs[]>>> = {
  plain: {
    add: [...REPLACES, ...UNFIT, ...DROPS],
    append: [...REPLACES, ...UNFIT, ...DROPS],
    replace: [...APPENDS, ...REPLACES, ...UNFIT, ...DROPS],
    alter: [...ALTERS, ...DROPS],
    'further column': [...ALTERS, ...DROPS],
    'removed column': [...ALTERS, ...DROPS],
    'alter of the table': ['alter of the table', 'rename', ...DROPS],
    rename: ['alter of the table', 'rename', ...DROPS],
    drop: ['alter of the table', 'rename', ...DROPS],
  },
  keyed: {
    add: [...APPENDS, ...MERGES, ...REPLACES, ...UNFIT, ...DROPS],
    append: [...APPENDS, ...MERGES, ...REPLACES, ...UNFIT, ...DROPS],
    merge: [...APPENDS, ...MERGES, ...REPLACES, ...UNFIT, ...DROPS],
    delete: [...APPENDS, ...MERGES, ...REPLACES, ...UNFIT, ...DROPS],
    replace: [...APPENDS, ...MERGES, ...REPLACES, ...UNFIT, ...DROPS],
    alter: [...ALTERS, ...DROPS],
    'further column': [...ALTERS, ...DROPS],
    'removed column': [...ALTERS, ...DROPS],
    'alter of the table': ['alter of the table', 'rename', ...DROPS],
    rename: ['alter of the table', 'rename', ...DROPS],
    drop: ['alter of the table', 'rename', ...DROPS],
  },
};

const COLUMNS: Record<'plain' | 'keyed', Theirs[]> = {
  plain: (Object.keys(THEIRS) as Theirs[]).filter((kind) => !MERGES.includes(kind) && kind !== 'rewrite'),
  keyed: Object.keys(THEIRS) as Theirs[], // the keys of that very table
};

interface Cell {
  table: 'plain' | 'keyed';
  ours: Ours;
  theirs: Theirs;
  refused: boolean;
  same_key: boolean;
}

function cells(): Cell[] {
  const found: Cell[] = [];
  for (const table of ['plain', 'keyed'] as const) {
    for (const [ours, refusing] of Object.entries(REFUSED_BY[table]) as [Ours, Theirs[]][]) {
      for (const theirs of COLUMNS[table]) {
        found.push({ table, ours, theirs, refused: refusing.includes(theirs), same_key: true });
      }
    }
  }
  // Rows whose keys cannot be equal never meet.
  for (const ours of ['add', 'append', 'merge', 'delete'] as const) {
    for (const theirs of [...APPENDS, ...MERGES]) {
      found.push({ table: 'keyed', ours, theirs, refused: false, same_key: false });
    }
  }
  return found;
}

const title = ({ table, ours, theirs, refused, same_key }: Cell) =>
  `${ours} ${refused ? 'loses to' : 'goes with'} ${theirs} on a ${table} table${same_key ? '' : ', keys apart'}`;

describe('since a transaction began, on the same table', () => {
  test.each(cells().map((cell) => [title(cell), cell] as const))('%s', async (_title, cell) => {
    await on.createTable('t', { schema_def: cell.table === 'keyed' ? KEYED : PLAIN });
    const first = await on.write('t', [
      { id: 1, v: 'first' },
      { id: 5, v: 'first' },
    ]);
    const begun = BigInt(first.body.committed_at_ns);
    const tx = await on.begin();
    const inside = {
      call: tx.call,
      write: (rows: Record<string, unknown>[], mode: string) => tx.write('t', rows, mode),
    };
    await OURS[cell.ours]({ ...inside, key: 1, begun });
    const outside = {
      call: on.server.request,
      write: (rows: Record<string, unknown>[], mode: string) => on.write('t', rows, mode),
    };
    await THEIRS[cell.theirs]({ ...outside, key: cell.same_key ? 1 : 9, begun });
    const before = await headSeq();
    const committed = await tx.commit();
    if (cell.refused) {
      expect(committed).toMatchObject({
        status: 409,
        body: {
          error: {
            code: 'concurrent_modification',
            retryable: true,
            details: {
              transaction_id: tx.id,
              blocking_transaction_id: `commit:${before}`,
              blocking_transaction_status: 'success',
              blocker_outcome: 'successful_winner',
              conflict_class: 'retryable_stale_read',
            },
          },
        },
      });
      expect((await on.server.request('GET', `/v1/transactions/${tx.id}`)).body.status).toBe('ABORTED');
      expect(await headSeq()).toBe(before);
      return;
    }
    expect([committed.status, committed.body.error]).toEqual([200, undefined]);
    expect(committed.body.seq).toBe(before + 1);
  });
});

async function headSeq(): Promise<number> {
  return (await on.server.request('GET', '/v1/catalogs/default')).body.seq;
}

const conflict = { status: 409, body: { error: { code: 'concurrent_modification' } } };

describe('since a transaction began, with names and what is in them', () => {
  const create = (call: Call, table: string, namespace = 'n') =>
    must(call('POST', `/v1/namespaces/${namespace}/tables`, { table, schema_def: KEYED }));
  const theirs: Call = (method, path, body) => on.server.request(method, path, body);

  test('of two that create one table, the second loses', async () => {
    const tx = await on.begin();
    await create(tx.call, 'made');
    await create(theirs, 'made');
    expect(await tx.commit()).toMatchObject(conflict);
  });

  test('of two that create one namespace, the second loses', async () => {
    const tx = await on.begin();
    await must(tx.call('POST', '/v1/namespaces', { namespace: 'm' }));
    await must(theirs('POST', '/v1/namespaces', { namespace: 'm' }));
    expect(await tx.commit()).toMatchObject(conflict);
  });

  test('a rename to a name that was taken meanwhile loses', async () => {
    await on.createTable('t');
    const tx = await on.begin();
    await must(tx.call('POST', `${TABLE}/rename?new_name=made`));
    await create(theirs, 'made');
    expect(await tx.commit()).toMatchObject(conflict);
  });

  test('an undrop loses to a table that took the name meanwhile', async () => {
    await on.createTable('t');
    await must(theirs('DELETE', TABLE));
    const tx = await on.begin();
    await must(tx.call('POST', `${TABLE}/undrop`, {}));
    await create(theirs, 't');
    expect(await tx.commit()).toMatchObject(conflict);
  });

  test('an undrop goes with an undrop of another table, and loses to one of the same', async () => {
    await on.createTable('t');
    await on.createTable('u');
    for (const table of ['t', 'u']) await must(theirs('DELETE', `/v1/namespaces/n/tables/${table}`));
    const [same, apart] = [await on.begin(), await on.begin()];
    await must(same.call('POST', `${TABLE}/undrop`, { new_name: 'mine' }));
    await must(apart.call('POST', '/v1/namespaces/n/tables/u/undrop', {}));
    await must(theirs('POST', `${TABLE}/undrop`, { new_name: 'theirs' }));
    expect(await same.commit()).toMatchObject(conflict);
    expect((await apart.commit()).status).toBe(200);
  });

  test('a write that makes a table loses to one that made it meanwhile', async () => {
    const tx = await on.begin();
    await tx.write('made', [{ id: 1, v: 'a' }]);
    await on.write('made', [{ id: 1, v: 'b' }]);
    expect(await tx.commit()).toMatchObject(conflict);
    expect(await on.rows('made')).toEqual(['1 b']);
  });

  test('a table cannot be made in a namespace that was dropped meanwhile, nor renamed into it', async () => {
    await must(theirs('POST', '/v1/namespaces', { namespace: 'm' }));
    await on.createTable('t');
    const [making, renaming] = [await on.begin(), await on.begin()];
    await create(making.call, 'made', 'm');
    await must(renaming.call('POST', `${TABLE}/rename?new_name=t&new_namespace=m`));
    await must(theirs('DELETE', '/v1/namespaces/m'));
    expect(await making.commit()).toMatchObject(conflict);
    expect(await renaming.commit()).toMatchObject(conflict);
  });

  test('a namespace in which a table was made meanwhile is not dropped, nor a table that got a version', async () => {
    await must(theirs('POST', '/v1/namespaces', { namespace: 'm' }));
    await on.createTable('t');
    const [ofNamespace, ofTable] = [await on.begin(), await on.begin()];
    await must(ofNamespace.call('DELETE', '/v1/namespaces/m'));
    await must(ofTable.call('DELETE', TABLE));
    await create(theirs, 'made', 'm');
    await must(theirs('POST', '/v1/namespaces/n/tables', { table: 't', table_version: '2', schema_def: KEYED }));
    expect(await ofNamespace.commit()).toMatchObject(conflict);
    expect(await ofTable.commit()).toMatchObject(conflict);
  });

  test('properties of a namespace go with tables made in it, and lose to other properties of it', async () => {
    const [one, two] = [await on.begin(), await on.begin()];
    await must(one.call('PUT', '/v1/namespaces/n', { properties: { one: 1 } }));
    await must(two.call('PUT', '/v1/namespaces/n', { properties: { two: 2 } }));
    await create(theirs, 'made');
    expect((await one.commit()).status).toBe(200);
    expect(await two.commit()).toMatchObject(conflict);
  });

  test('tables made under different names in one namespace go together', async () => {
    const [one, two] = [await on.begin(), await on.begin()];
    await create(one.call, 'one');
    await create(two.call, 'two');
    expect([(await one.commit()).status, (await two.commit()).status]).toEqual([200, 200]);
  });
});

describe('since a transaction began, in partitions', () => {
  const PARTITIONED = { schema_def: KEYED, partition_scheme: { keys: [{ key: ['v'] }] } };

  async function partitioned(): Promise<void> {
    await on.createTable('t', PARTITIONED);
    for (const [id, v] of [
      [1, 'a'],
      [2, 'b'],
    ] as const)
      await on.write('t', [{ id, v }]);
  }

  test('replacing one goes with appends and merges to another, and loses to those to the same', async () => {
    await partitioned();
    for (const mode of ['append', 'merge', 'replace_partition']) {
      const [same, apart] = [await on.begin(), await on.begin()];
      await same.write('t', [{ id: 10, v: 'a' }], 'replace_partition');
      await apart.write('t', [{ id: 11, v: 'b' }], 'replace_partition');
      await on.write('t', [{ id: 12, v: 'a' }], mode);
      expect(await same.commit()).toMatchObject(conflict);
      expect((await apart.commit()).status).toBe(200);
    }
  });

  test('replacing one ends what a rewrite made of it meanwhile', async () => {
    await partitioned();
    await on.write('t', [{ id: 1, v: 'a' }]);
    const tx = await on.begin();
    await tx.write('t', [{ id: 9, v: 'a' }], 'replace_partition');
    await must(on.server.requestAs({})('POST', `${TABLE}/plan`));
    expect(await on.rows('t')).toEqual(['1 a', '2 b']);
    expect((await tx.commit()).status).toBe(200);
    expect(await on.rows('t')).toEqual(['2 b', '9 a']);
    expect(await on.totals('t')).toMatchObject({ records: 2, deltas: 2 });
  });

  test('replacing everything ends what a rewrite made of it meanwhile', async () => {
    await on.createTable('t');
    await on.write('t', [{ id: 1, v: 'a' }]);
    await on.write('t', [{ id: 1, v: 'b' }]);
    const tx = await on.begin();
    await tx.write('t', [{ id: 9, v: 'z' }], 'replace');
    await must(on.server.requestAs({})('POST', `${TABLE}/plan`));
    expect((await tx.commit()).status).toBe(200);
    expect(await on.rows('t')).toEqual(['9 z']);
    expect(await on.totals('t')).toEqual({ records: 1, files: 1, deltas: 1 });
  });

  test('merges of one key to different partitions go together', async () => {
    await partitioned();
    const tx = await on.begin();
    await tx.write('t', [{ id: 7, v: 'a' }], 'merge');
    await on.write('t', [{ id: 7, v: 'b' }], 'merge');
    expect((await tx.commit()).status).toBe(200);
  });
});

test('keys that overlap in one column of a composite key and not in another do not meet', async () => {
  const schema_def = [{ ...KEYED[0] }, { name: 'v', type: 'string', is_merge_key: true }];
  await on.createTable('t', { schema_def });
  const [apart, same] = [await on.begin(), await on.begin()];
  await apart.write('t', [{ id: 1, v: 'a' }], 'merge');
  await same.write('t', [{ id: 1, v: 'm' }], 'merge');
  await on.write('t', [{ id: 1, v: 'm' }], 'merge');
  expect((await apart.commit()).status).toBe(200);
  expect(await same.commit()).toMatchObject(conflict);
});

test('deletes by other columns than the key may meet any row', async () => {
  await on.createTable('t');
  await on.write('t', [{ id: 1, v: 'a' }]);
  const tx = await on.begin();
  await tx.write('t', [{ id: 50, v: 'x' }], 'merge');
  const session = await on.open('t', { mode: 'delete' });
  const entry = await on.put(session.data_dir, [{ id: 1, v: 'a' }]);
  await must(on.commit(session, [{ ...entry, entry_params: { equality_field_locators: ['v'] } }]));
  expect(await tx.commit()).toMatchObject(conflict);
});

test('the refusal names the table, the winner and what to do, and the winner may be a transaction', async () => {
  await on.createTable('t');
  const [first, second] = [await on.begin(), await on.begin()];
  await OURS.alter({ call: first.call, write: async () => undefined, key: 0, begun: 0n });
  await OURS.alter({ call: second.call, write: async () => undefined, key: 0, begun: 0n });
  const { body: won } = await must(first.commit());
  const lost = await second.commit();
  expect(lost.body.error.details).toMatchObject({ transaction_id: second.id, blocking_transaction_id: first.id });
  const again = await second.commit();
  expect([again.status, again.body.error.message]).toEqual([409, lost.body.error.message]);
  expect(again.body.error.details).toEqual(lost.body.error.details);
  expect(lost.body.error.message).toBe(
    `Table "n.t" was changed by commit ${won.seq} (commit_transaction in transaction "${first.id}") in the meantime. ` +
      'Nothing of the transaction is visible; open a new one, read again and repeat its changes.',
  );
});

test('writers of one table outside of transactions never lose to each other', async () => {
  await on.createTable('t');
  const rows = Array.from({ length: 32 }, (_, id) => [{ id, v: 'x' }]);
  await Promise.all(rows.map((some) => on.write('t', some, 'append')));
  expect(await on.rows('t')).toHaveLength(32);
  expect(await on.positions()).toEqual(Array.from({ length: 32 }, (_, index) => BigInt(index + 1)));
});
