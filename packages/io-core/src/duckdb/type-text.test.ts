import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSession, type Session } from './session.ts';
import { parseTypeText } from './type-text.ts';

let session: Session;
beforeAll(async () => {
  session = await openSession();
});
afterAll(() => session[Symbol.dispose]());

const plain = (text: string) => ({ kind: 'plain', text });

test.each([
  ['TIMESTAMP WITH TIME ZONE', plain('TIMESTAMP WITH TIME ZONE')],
  ['DECIMAL(9,2)[]', { kind: 'list', item: plain('DECIMAL(9,2)') }],
  ['FLOAT[3]', { kind: 'list', item: plain('FLOAT') }],
  ['MAP(VARCHAR, DECIMAL(9,2))', { kind: 'map', key: plain('VARCHAR'), value: plain('DECIMAL(9,2)') }],
  [
    'STRUCT("a, (b" BIGINT, "c""d[]" VARCHAR[], e STRUCT(f DATE))[][]',
    {
      kind: 'list',
      item: {
        kind: 'list',
        item: {
          kind: 'struct',
          fields: new Map<string, unknown>([
            ['a, (b', plain('BIGINT')],
            ['c"d[]', { kind: 'list', item: plain('VARCHAR') }],
            ['e', { kind: 'struct', fields: new Map([['f', plain('DATE')]]) }],
          ]),
        },
      },
    },
  ],
])('the type %s is told by its parts, as DuckDB writes it', async (text, parts) => {
  const [column] = await session.rows(`DESCRIBE SELECT CAST(NULL AS ${text}) AS c`);
  expect(parseTypeText(String(column?.[1]))).toEqual(parts);
});
