import { describe, expect, test } from 'vitest';
import { findViolations, type History, type ReadRecord, type Step, type WriteRecord } from './history.ts';

const TABLES = [
  { name: 'keyed', keyed: true },
  { name: 'plain', keyed: false },
];

type Given = Partial<Omit<History, 'writes' | 'reads'>> & {
  writes?: Partial<WriteRecord>[];
  reads?: Partial<ReadRecord>[];
};

/** A history whose writes and reads follow each other, unless they say otherwise. */
function violations({ writes = [], reads = [], historic = [] }: Given): string[] {
  let time = 0;
  const next = () => {
    time += 1;
    return time;
  };
  return findViolations({
    tables: TABLES,
    base_seq: 0,
    writes: writes.map((write) => ({
      client: 0,
      began: next(),
      ended: next(),
      steps: [],
      seq: null,
      transaction: null,
      ...write,
    })),
    reads: reads.map((read) => ({
      client: 1,
      began: next(),
      ended: next(),
      table: 'keyed',
      seq: 0,
      seen: [],
      ...read,
    })),
    historic,
  });
}

const merge = (id: number, v: string, table = 'keyed'): Step => ({ table, kind: 'merge', rows: [{ id, v }] });
const append = (id: number, v: string): Step => ({ table: 'plain', kind: 'append', rows: [{ id, v }] });

describe('a history that is fine', () => {
  test('rows are merged, appended, deleted, replaced, taken back, and properties set', () => {
    const writes: Partial<WriteRecord>[] = [
      { seq: 1, steps: [merge(1, 'a'), append(1, 'x')] },
      { seq: 2, steps: [merge(1, 'b'), append(1, 'y')] },
      { seq: 3, steps: [{ table: 'keyed', kind: 'delete', ids: [1] }] },
      { seq: 4, steps: [{ table: 'plain', kind: 'replace', rows: [{ id: 2, v: 'z' }] }] },
      { seq: 5, steps: [{ table: 'keyed', kind: 'rollback', to_seq: 2 }] },
      { seq: 6, steps: [{ table: 'plain', kind: 'truncate' }] },
      { seq: 7, steps: [{ table: 'keyed', kind: 'alter', properties: { k: '1' } }] },
    ];
    const seen: [string, number, string[]][] = [
      ...([
        ['keyed', 0, []],
        ['keyed', 1, ['1 a']],
        ['plain', 2, ['1 x', '1 y']],
        ['keyed', 3, []],
      ] as [string, number, string[]][]),
      ...([
        ['plain', 4, ['2 z']],
        ['keyed', 5, ['1 b']],
        ['plain', 6, []],
        ['keyed', 7, ['1 b', 'k=1']],
      ] as [string, number, string[]][]),
    ];
    const historic = seen.map(([table, seq, texts]) => ({ table, seq, seen: texts }));
    expect(violations({ writes, historic })).toEqual([]);
  });

  test('what overlaps may come in either order', () => {
    const writes = [
      { seq: 2, began: 1, ended: 10, steps: [merge(1, 'a')] },
      { seq: 1, began: 2, ended: 3, steps: [merge(1, 'b')] },
    ];
    const reads = [
      { began: 4, ended: 5, seq: 1, seen: ['1 b'] },
      { began: 4, ended: 5, seq: 2, seen: ['1 a'] },
    ];
    expect(violations({ writes, reads })).toEqual([]);
  });

  test('what was refused left nothing', () => {
    expect(violations({ writes: [{ seq: null, steps: [merge(1, 'a')] }], reads: [{ seq: 0, seen: [] }] })).toEqual([]);
  });

  test('appends to a table without keys never overwrite each other', () => {
    const transaction = { opened: 0, base_seq: 0, reads: [] };
    const writes = [
      { seq: 1, steps: [append(1, 'a')] },
      { seq: 2, steps: [append(1, 'a')], transaction },
    ];
    expect(violations({ writes })).toEqual([]);
  });

  test('a transaction reads its base with its own steps', () => {
    const reads = [
      { after: 0, table: 'keyed', seen: ['1 a'] },
      { after: 1, table: 'keyed', seen: ['1 b'] },
    ];
    const writes = [
      { seq: 1, steps: [merge(1, 'a')] },
      { seq: 2, steps: [merge(1, 'b')], transaction: { opened: 2.5, base_seq: 1, reads } },
    ];
    expect(violations({ writes })).toEqual([]);
  });
});

describe('a violation is found', () => {
  const on = (base_seq: number, opened = 100) => ({ opened, base_seq, reads: [] });
  const cases: { title: string; history: Given; says: string }[] = [
    { title: 'one number twice', history: { writes: [{ seq: 1 }, { seq: 1 }] }, says: 'two commits have the number 1' },
    {
      title: 'numbers against time',
      history: { writes: [{ seq: 2 }, { seq: 1 }] },
      says: '2 was answered before 1 was asked for',
    },
    {
      title: 'a lost commit',
      history: { writes: [{ seq: 1, steps: [merge(1, 'a')] }], historic: [{ table: 'keyed', seq: 1, seen: [] }] },
      says: 'keyed as of 1: saw [], not [1 a]',
    },
    {
      title: 'a doubled append',
      history: {
        writes: [{ seq: 1, steps: [append(1, 'a')] }],
        reads: [{ table: 'plain', seq: 1, seen: ['1 a', '1 a'] }],
      },
      says: 'saw [1 a, 1 a], not [1 a]',
    },
    {
      title: 'a refused commit that shows',
      history: { writes: [{ seq: null, steps: [merge(1, 'a')] }], reads: [{ seq: 0, seen: ['1 a'] }] },
      says: 'saw [1 a], not []',
    },
    {
      title: 'half a transaction',
      history: {
        writes: [{ seq: 1, steps: [merge(1, 'a'), append(1, 'x')] }],
        historic: [{ table: 'plain', seq: 1, seen: [] }],
      },
      says: 'plain as of 1: saw [], not [1 x]',
    },
    {
      title: 'a stale read',
      history: { writes: [{ seq: 1, steps: [merge(1, 'a')] }], reads: [{ seq: 0, seen: [] }] },
      says: 'read keyed at 0, after 1 was answered',
    },
    {
      title: 'a read of what was not asked for yet',
      history: {
        writes: [{ seq: 1, began: 50, ended: 60, steps: [merge(1, 'a')] }],
        reads: [{ seq: 1, seen: ['1 a'] }],
      },
      says: 'read keyed at 1, before 1 was asked for',
    },
    {
      title: 'a read that goes back',
      history: {
        writes: [{ seq: 1, began: 1, ended: 90, steps: [merge(1, 'a')] }],
        reads: [
          { seq: 1, seen: ['1 a'] },
          { seq: 0, seen: [] },
        ],
      },
      says: 'read at 0, after client 1 had read at 1',
    },
    {
      title: 'a transaction on an old state',
      history: { writes: [{ seq: 1 }, { seq: 2, transaction: on(0, 2.5) }] },
      says: 'was opened on 0, after 1 was answered',
    },
    {
      title: 'a transaction that does not see its own writes',
      history: {
        writes: [
          {
            seq: 1,
            steps: [merge(1, 'a')],
            transaction: { ...on(0, 0), reads: [{ after: 1, table: 'keyed', seen: [] }] },
          },
        ],
      },
      says: 'in a transaction on 0 after 1 steps: saw [], not [1 a]',
    },
    {
      title: 'a lost update of one key',
      history: {
        writes: [
          { seq: 1, steps: [merge(1, 'a')] },
          { seq: 2, steps: [merge(1, 'b')], transaction: on(0, 0) },
        ],
      },
      says: '2, which saw 0, overwrote what 1 did to keyed',
    },
    {
      title: 'a lost update of properties',
      history: {
        writes: [
          { seq: 1, steps: [{ table: 'plain', kind: 'alter', properties: { a: '1' } }] },
          { seq: 2, steps: [{ table: 'plain', kind: 'alter', properties: { a: '2' } }], transaction: on(0, 0) },
        ],
      },
      says: 'overwrote what 1 did to plain',
    },
    {
      title: 'rows that were replaced unseen',
      history: {
        writes: [
          { seq: 1, steps: [append(1, 'a')] },
          { seq: 2, steps: [{ table: 'plain', kind: 'replace', rows: [] }], transaction: on(0, 0) },
        ],
      },
      says: 'overwrote what 1 did to plain',
    },
  ];

  test.each(cases)('$title', ({ history, says }) => {
    expect(violations(history)).toEqual([expect.stringContaining(says)]);
  });
});
