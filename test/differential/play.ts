import type { Client, Transaction } from '@deltacat/client';
import { type SchemaField, stringifyJson } from '@deltacat/contract';
import { difference } from './compare.ts';
import { asRead, compareHere, isOrderedAlike } from './deviations.ts';
import { answered, emptyTable, type TableState } from './model.ts';
import type { OfficialClient, TableName } from './official.ts';
import { type Asked, readHere, readThere, writeHere } from './sides.ts';
import { nextState } from './states.ts';
import type { ReadStep, Step, Story, TableColumn, WriteStep } from './story.ts';
import { literalOf } from './values.ts';

/** Where stories are played, and what is counted. */
export interface Stage {
  client: Client;
  official: OfficialClient;
  namespace: string;
  counts: Counts;
}

/** What was compared. */
export interface Counts {
  tables: number;
  reads: number;
  rows: number;
  /** Reads that the model told, too. */
  modelled: number;
  /** Reads that the official client did, too. */
  official_reads: number;
  /** Reads that the official client was not asked for, by the name of the deviation. */
  deviations: Record<string, number>;
  /** Writes by format and writer. */
  writes: Record<string, number>;
}

/** Nothing counted yet. */
export function noCounts(): Counts {
  return { tables: 0, reads: 0, rows: 0, modelled: 0, official_reads: 0, deviations: {}, writes: {} };
}

/** Where a story went wrong, and how. */
export interface Failure {
  step: number;
  kind: 'rows' | 'error';
  detail: string;
}

/** What is known while a story is played. */
interface Playing extends TableName {
  stage: Stage;
  states: TableState[];
  /** A time at which each state was the table's. */
  moments: bigint[];
  /** Whether the table had columns added. */
  transaction: Transaction | null;
}

let played = 0;

/** Plays a story on a table of its own and compares every read; null when all were equal. */
export async function play(stage: Stage, story: Story): Promise<Failure | null> {
  played += 1;
  const name = { namespace: stage.namespace, table: `table_${story.seed}_${played}` };
  const playing: Playing = { ...name, stage, states: [emptyTable(story.table)], moments: [], transaction: null };
  let at = 0;
  try {
    await make(playing, story);
    playing.moments.push(await moment(playing));
    for (const { number, step } of story.steps) {
      for (at += 1; at < number; at += 1) keep(playing);
      const found = await perform(playing, step);
      if (found !== null) return { step: number, kind: 'rows', detail: found };
      playing.states.push(nextState(playing.states, step));
      playing.moments.push(step.do === 'read' ? (playing.moments.at(-1) ?? 0n) : await moment(playing));
    }
    stage.counts.tables += 1;
    return null;
  } catch (error) {
    return { step: at, kind: 'error', detail: error instanceof Error ? error.message : String(error) };
  }
}

/** A step that was left out leaves everything as it was. */
function keep({ states, moments }: Playing): void {
  states.push(states.at(-1) as TableState); // there is a first one
  moments.push(moments.at(-1) ?? 0n);
}

async function make({ stage, namespace, table }: Playing, { table: definition }: Story): Promise<void> {
  const { columns, partition_keys, sort_keys, read_optimization_level } = definition;
  await stage.client.catalog.createTable({
    namespace,
    table,
    auto_create_namespace: true,
    schema_def: columns.map(fieldOf),
    partition_scheme: { keys: partition_keys.map(({ column, transform }) => ({ key: [column], transform })) },
    sort_scheme: { keys: sort_keys.map(({ column, ...key }) => ({ key: [column], ...key })) },
    table_properties: read_optimization_level === null ? {} : { read_optimization_level },
  });
}

function fieldOf({ past_default, future_default, ...column }: TableColumn): SchemaField {
  return {
    ...column,
    ...(past_default != null && { past_default: literalOf(past_default, column.type) }),
    ...(future_default != null && { future_default: literalOf(future_default, column.type) }),
  };
}

/** A time at which the table is as it is now. */
async function moment({ stage, namespace, table }: Playing): Promise<bigint> {
  const { raw } = await stage.client.catalog.plan({ namespace, table, include_files: false });
  return BigInt(raw.as_of ?? 0);
}

async function perform(playing: Playing, step: Step): Promise<string | null> {
  const { stage, namespace, table } = playing;
  const { catalog } = stage.client;
  switch (step.do) {
    case 'read':
      return compare(playing, step);
    case 'write':
      await write(playing, step);
      return null;
    case 'truncate':
      await catalog.truncateTable({ namespace, table });
      return null;
    case 'rollback':
      await catalog.rollbackTable({ namespace, table, as_of: playing.moments[step.to_step] ?? 0n });
      return null;
    case 'add_column':
      await catalog.alterTable({ namespace, table, schema_updates: [{ op: 'add', field: fieldOf(step.column) }] });
      return null;
    case 'widen': {
      const { column, type } = step;
      await catalog.alterTable({
        namespace,
        table,
        schema_updates: [{ op: 'update_type', field_locator: column, new_type: type }],
      });
      return null;
    }
    case 'transaction':
      return step.by === 'python' ? performThere(playing, step) : performHere(playing, step);
  }
}

type TransactionStep = Extract<Step, { do: 'transaction' }>;

async function performHere(playing: Playing, { commit, steps }: TransactionStep): Promise<string | null> {
  const { client } = playing.stage;
  const transaction = await client.transaction();
  const found = await within({ ...playing, transaction, states: [...playing.states] }, steps);
  await (commit ? transaction.commit() : transaction.abort());
  return found;
}

async function performThere(playing: Playing, { commit, steps }: TransactionStep): Promise<string | null> {
  const { client, official } = playing.stage;
  const transaction_id = await official.begin();
  const transaction = await client.getTransaction(transaction_id);
  const found = await within({ ...playing, transaction, states: [...playing.states] }, steps);
  await official.end(transaction_id, commit);
  return found;
}

async function within(playing: Playing, steps: TransactionStep['steps']): Promise<string | null> {
  for (const step of steps) {
    const found = await perform(playing, step);
    if (found !== null) return found;
    playing.states.push(nextState(playing.states, step));
  }
  return null;
}

async function write({ stage, namespace, table, transaction }: Playing, step: WriteStep): Promise<void> {
  const { client, official, counts } = stage;
  const counted = `${step.format} by ${step.by}`;
  counts.writes[counted] = (counts.writes[counted] ?? 0) + 1;
  if (step.by === 'typescript') return writeHere(client, { namespace, table, step, transaction });
  const { rows, mode, format } = step;
  await official.write({ namespace, table, rows, mode, format, ...(transaction && { transaction: transaction.id }) });
}

async function compare(playing: Playing, read: ReadStep): Promise<string | null> {
  const { stage, namespace, table, states, moments, transaction } = playing;
  const index = read.as_of_step ?? states.length - 1;
  const state = states[index];
  if (state === undefined) throw new Error('a read of a state that is not there');
  const as_of = read.as_of_step === undefined ? null : (moments[index] ?? null);
  const asked: Asked = { namespace, table, read, definition: state.definition, as_of, transaction };
  const here = await readHere(stage.client, asked);
  stage.counts.reads += 1;
  stage.counts.rows += here.rows.length;
  const left = { name: 'TypeScript', rows: here };
  const expected = answered(state, read);
  if (expected !== null) {
    stage.counts.modelled += 1;
    const right = { name: 'the model', rows: expected.rows };
    const found = difference({ left, right, ordered: expected.ordered });
    if (found !== null) return `${stringifyJson(read)}\n${found}`;
  }
  const plan = await stage.client.catalog.plan({ namespace, table, as_of, ...(transaction && { transaction }) });
  const where = {
    historic: as_of !== null,
    in_transaction: transaction !== null,
    formats: new Set(plan.allFiles().map(({ content_type }) => content_type)),
    merging: plan.requires_mor,
  };
  const deviation = compareHere(state, read, where);
  if (deviation !== null) {
    stage.counts.deviations[deviation] = (stage.counts.deviations[deviation] ?? 0) + 1;
    return null;
  }
  stage.counts.official_reads += 1;
  const ordered = isOrderedAlike(state, where);
  const right = { name: `Python ${stage.official.version}`, rows: asRead(await readThere(stage.official, asked)) };
  let found = difference({ left: { name: 'TypeScript', rows: asRead(here) }, right, ordered });
  // The server may have rewritten files for the official client, whose rows then come in another order to everyone.
  if (found !== null) {
    const again = await readHere(stage.client, asked);
    found =
      difference({ left: { name: 'TypeScript', rows: asRead(again) }, right, ordered }) ??
      difference({ left, right: { name: 'TypeScript once more', rows: again }, ordered: false });
  }
  return found === null ? null : `${stringifyJson(read)}\n${found}`;
}
