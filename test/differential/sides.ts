import type { Client, Transaction } from '@deltacat/client';
import type { ContentType, Literal } from '@deltacat/contract';
import { executePlan, rowObjects, typeAlias } from '@deltacat/io-core';
import type { RecordBatch, Table } from 'apache-arrow';
import type { OfficialClient, TableName } from './official.ts';
import type { ReadStep, TableDefinition, WriteStep } from './story.ts';
import { transformedType } from './transforms.ts';
import { type Cell, cellOf, literalOf, plainOf, type Rows, spelled } from './values.ts';

/** A read of a table that both clients are asked for. */
export interface Asked extends TableName {
  read: ReadStep;
  definition: TableDefinition;
  /** Nanoseconds since 1970; now, when null. */
  as_of: bigint | null;
  /** The transaction to read in. */
  transaction: Transaction | null;
}

/** Reads by the TypeScript client. */
export async function readHere(client: Client, asked: Asked): Promise<Rows> {
  const { namespace, table, read, as_of, transaction } = asked;
  const { columns, filter, partitions } = read;
  const about = { namespace, table, as_of: as_of ?? undefined, ...(transaction && { transaction }) };
  if (partitions === undefined) {
    return rowsOf(await client.catalog.read({ ...about, columns, filter_predicate: filter }));
  }
  const partition_filter = partitionsOf(asked, partitions);
  const plan = await client.catalog.planRead({ ...about, columns, filter_predicate: filter, partition_filter });
  return rowsOf(await executePlan(plan, { columns, filter: filter ?? null }).table());
}

/** Reads by the official client. */
export function readThere(client: OfficialClient, asked: Asked): Promise<Rows> {
  const { namespace, table, read, as_of, transaction } = asked;
  const { columns, filter, partitions } = read;
  return client
    .read({
      namespace,
      table,
      ...(columns && { columns }),
      ...(filter && { filter_predicate: filter }),
      ...(partitions && { partition_filter: partitionsOf(asked, partitions) }),
      ...(as_of !== null && { as_of: String(as_of) }),
      ...(transaction && { transaction: transaction.id }),
    })
    .then(({ columns: found, rows }) => ({
      columns: found,
      rows: rows.map((row) => row.map((cell, index) => spelled(cell, found[index]?.type ?? 'string'))),
    }));
}

function partitionsOf({ definition }: Asked, partitions: Cell[][]): { partition_values: Literal[] }[] {
  const types = definition.partition_keys.map(({ column, transform }) => {
    const type = definition.columns.find(({ name }) => name === column)?.type ?? 'string';
    return transformedType(type, transform);
  });
  return partitions.map((values) => ({
    partition_values: values.map((cell, index) => literalOf(cell, types[index] ?? 'string')),
  }));
}

function rowsOf(table: Table): Rows {
  const columns = table.schema.fields.map(({ name, type }) => ({ name, type: typeAlias(type) }));
  const rows = table.batches.flatMap((batch: RecordBatch) =>
    rowObjects(batch).map((row) => columns.map(({ name, type }) => cellOf(row[name], type))),
  );
  return { columns, rows };
}

/** What a write by the TypeScript client is about. */
export interface WriteHere extends TableName {
  step: WriteStep;
  transaction: Transaction | null;
}

/** Writes by the TypeScript client. */
export async function writeHere(client: Client, { namespace, table, step, transaction }: WriteHere): Promise<void> {
  const { columns, rows } = step.rows;
  const data =
    step.form === 'objects' && rows.length > 0
      ? rows.map((row) =>
          Object.fromEntries(columns.map(({ name, type }, index) => [name, plainOf(row[index] ?? null, type)])),
        )
      : Object.fromEntries(
          columns.map(({ name, type }, index) => [name, rows.map((row) => plainOf(row[index] ?? null, type))]),
        );
  const format = step.format as ContentType; // stories take formats from the table of formats
  await client.catalog.write(data, { namespace, table, mode: step.mode, format, ...(transaction && { transaction }) });
}
