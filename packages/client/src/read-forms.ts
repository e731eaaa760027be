import { DeltacatError } from '@deltacat/contract';
import type { ColumnValues, PlanRows } from '@deltacat/io-core';
import type { RecordBatch, Table } from 'apache-arrow';

/**
 * What rows come as: an Arrow `Table`, an array of objects, a `ColumnValues` for each column by its name, or Arrow
 * `RecordBatch`es one after another.
 */
export interface ReadResults {
  arrow: Table;
  objects: Record<string, unknown>[];
  columns: Record<string, ColumnValues>;
  batches: AsyncIterable<RecordBatch>;
}
/** The name of a form that rows come in. */
export type ReadAs = keyof ReadResults;

const FORMS: { [As in ReadAs]: (rows: PlanRows) => ReadResults[As] | Promise<ReadResults[As]> } = {
  arrow: (rows) => rows.table(),
  objects: (rows) => rows.objects(),
  columns: (rows) => rows.columns(),
  batches: (rows) => rows.batches(),
};

/** How to bring rows into a form; asked before anything is read. */
export function formOf<As extends ReadAs>(read_as: As | undefined): (typeof FORMS)[As] {
  const form = FORMS[read_as ?? ('arrow' as As)]; // the default of As, by the signatures of Catalog
  if (form !== undefined) return form;
  throw new DeltacatError(
    'not_supported',
    `Rows cannot be read as "${read_as}" here. Choose ${Object.keys(FORMS).join(', ')}; the official Python client has more.`,
  );
}
