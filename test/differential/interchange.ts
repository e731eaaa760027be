import type { ContentType } from '@deltacat/contract';
import { difference } from './compare.ts';
import { asRead } from './deviations.ts';
import { carries, FORMATS } from './formats.ts';
import type { OfficialClient } from './official.ts';
import type { Stage } from './play.ts';
import { POOLS } from './pools.ts';
import { type Asked, readHere, readThere, writeHere } from './sides.ts';
import type { Actor, Mode } from './story.ts';
import { type Column, familyOf, type Rows } from './values.ts';

/** Rows in files of one format, by one writer. */
interface Exchange {
  format: ContentType;
  by: Actor;
  columns: Column[];
  /** Whether the official clients read these types as they are. */
  officially: boolean;
}

/** Numbers that the official client cannot send the bounds of. */
const UNSENT = new Set(['NaN', 'Infinity']);

/**
 * Writes every type to every format by whoever can, and reads it back by every client, one version of the official one
 * after another. Answers what differed, a text for each table.
 */
export async function interchange(stage: Stage, officials: OfficialClient[]): Promise<string[]> {
  const found: string[] = [];
  for (const exchange of exchanges()) {
    const { format, by, columns } = exchange;
    const title = `${format} by ${by}, ${columns.map(({ type }) => type).join(', ')}`;
    const problem = await attempt(() => carry(stage, officials, exchange));
    if (problem !== null) found.push(`${title}\n${problem}`);
  }
  const problem = await attempt(() => carryRewritten(stage, officials));
  if (problem !== null) found.push(`files that the server rewrote\n${problem}`);
  return found;
}

async function attempt(carrying: () => Promise<string | null>): Promise<string | null> {
  try {
    return await carrying();
  } catch (error) {
    return String(error);
  }
}

function exchanges(): Exchange[] {
  const columns = Object.keys(POOLS).map((type, index) => ({ name: `c${index}`, type }));
  return Object.entries(FORMATS).flatMap(([name, support]) =>
    support.writes.flatMap((by) => {
      const format = name as ContentType; // a key of the table
      const both = columns.filter(({ type }) => carries(support, type));
      const ours = columns.filter(({ type }) => !carries(support, type) && !support.unwritten?.test(type));
      const rest: Exchange[] = ours.length === 0 ? [] : [{ format, by, columns: ours, officially: false }];
      return [{ format, by, columns: both, officially: true }, ...rest];
    }),
  );
}

let tables = 0;

async function carry(stage: Stage, officials: OfficialClient[], exchange: Exchange): Promise<string | null> {
  const { format, by, columns, officially } = exchange;
  const asked = await makeTable(stage, `interchange_${format}_${by}`, [{ name: 'n', type: 'int64' }, ...columns]);
  const rows = rowsOf(asked.definition.columns);
  await put(stage, asked, { by, format, mode: 'append', rows });
  const support = FORMATS[format];
  const here = support?.typescript_reads ? await readAgain(stage, asked, rows) : await findReading(stage, asked);
  if (here !== null || !officially) return here;
  return readThrough(stage, officials, { asked, rows: support?.is_text ? emptied(rows) : rows });
}

/** What a reader of rewritten files sees must be what was merged: the oldest official client has everything rewritten. */
async function carryRewritten(stage: Stage, officials: OfficialClient[]): Promise<string | null> {
  const types = Object.keys(POOLS).map((type, index) => ({ name: `c${index}`, type }));
  const asked = await makeTable(stage, 'interchange_rewritten', [
    { name: 'n', type: 'int64', is_merge_key: true },
    ...types,
  ]);
  const rows = rowsOf(asked.definition.columns);
  const turned = {
    ...rows,
    rows: rows.rows.map(([n = null], index) => [n, ...(rows.rows.at(-1 - index)?.slice(1) ?? [])]),
  };
  await put(stage, asked, { by: 'python', format: 'parquet', mode: 'merge', rows: turned });
  await put(stage, asked, { by: 'typescript', format: 'parquet', mode: 'merge', rows });
  const there = await readThrough(stage, officials.toReversed(), { asked, rows });
  return there ?? readAgain(stage, asked, rows);
}

async function makeTable(
  { client, namespace }: Stage,
  name: string,
  columns: Asked['definition']['columns'],
): Promise<Asked> {
  tables += 1;
  const table = `${name}_${tables}`;
  await client.catalog.createTable({ namespace, table, auto_create_namespace: true, schema_def: columns });
  const definition = { columns, partition_keys: [], sort_keys: [], read_optimization_level: null };
  return { namespace, table, read: { do: 'read' }, definition, as_of: null, transaction: null };
}

/** Every cell of the pools in some row, and null in the last. */
function rowsOf(columns: Column[]): Rows {
  const length = Math.max(...Object.values(POOLS).map((pool) => pool.length)) + 1;
  const cell = (type: string, row: number) => {
    const pool = (POOLS[type] ?? []).filter((one) => !UNSENT.has(one));
    return row === length - 1 ? null : (pool[row % pool.length] ?? null);
  };
  const rows = Array.from({ length }, (_, row) =>
    columns.map(({ type }, index) => (index === 0 ? String(row) : cell(type, row))),
  );
  return { columns: columns.map(({ name, type }) => ({ name, type })), rows };
}

interface Put {
  by: Actor;
  format: ContentType;
  mode: Mode;
  rows: Rows;
}

async function put(stage: Stage, { namespace, table }: Asked, { by, format, mode, rows }: Put): Promise<void> {
  const { client, official, counts } = stage;
  const counted = `${format} by ${by}`;
  counts.writes[counted] = (counts.writes[counted] ?? 0) + 1;
  if (by === 'python') return official.write({ namespace, table, rows, mode, format });
  const step = { do: 'write', by, mode, format, rows, form: 'objects' } as const;
  await writeHere(client, { namespace, table, step, transaction: null });
}

async function readAgain({ client, counts }: Stage, asked: Asked, rows: Rows): Promise<string | null> {
  const here = await readHere(client, asked);
  counts.reads += 1;
  counts.rows += here.rows.length;
  return difference({ left: { name: 'The source', rows }, right: { name: 'TypeScript', rows: here }, ordered: true });
}

/** What cannot be read must be refused with its reason; once it is read, the table of formats must say so. */
async function findReading({ client }: Stage, asked: Asked): Promise<string | null> {
  const refused = await readHere(client, asked).catch((error: Error & { code?: string }) => error);
  if (!(refused instanceof Error)) return 'TypeScript reads it: say so in the table of formats.';
  const isTold = refused.code === 'not_supported' && refused.message.includes('official Python client');
  return isTold ? null : `TypeScript fails with: ${refused.message}`;
}

async function readThrough(
  { counts }: Stage,
  officials: OfficialClient[],
  { asked, rows }: { asked: Asked; rows: Rows },
): Promise<string | null> {
  for (const official of officials) {
    counts.official_reads += 1;
    const right = { name: `Python ${official.version}`, rows: asRead(await readThere(official, asked)) };
    const found = difference({ left: { name: 'The source', rows: asRead(rows) }, right, ordered: true });
    if (found !== null) return found;
  }
  return null;
}

/** Text files as the official client reads them: it takes a null for an empty text. */
function emptied({ columns, rows }: Rows): Rows {
  const isText = columns.map(({ type }) => familyOf(type) === 'text');
  return { columns, rows: rows.map((row) => row.map((cell, index) => cell ?? (isText[index] ? '' : null))) };
}
