import { DeltacatError, PREVIEW_ROWS_MAX } from '@deltacat/contract';
import { executePlan, schemaFields } from '@deltacat/io-core';
import type { Handler, RequestContext } from '../context.ts';
import { accessTo, planPaths } from '../roots/access.ts';
import { totalsOf } from '../snapshots/totals.ts';
import { planDeltas, type ResolvedRead, resolveRead } from './plan.ts';

/** How many files are looked into at a time, and how often: a sample must not become a scan of a large table. */
const FILES_AT_A_TIME = 64;
const TIMES_MAX = 16;

/**
 * Reads a sample of a table's rows on the server: the first that satisfy the filter, merged as every reader would merge
 * them. Looks into the first thousand files that may hold such rows, so a sample may be smaller than asked for.
 */
export const previewRows: Handler<'preview_rows'> = async (context, input) => {
  if (input.limit > PREVIEW_ROWS_MAX) {
    throw new DeltacatError(
      'invalid_request',
      `A preview of ${input.limit} rows was asked for; it has at most ${PREVIEW_ROWS_MAX}. Plan a read for more.`,
    );
  }
  const read = await resolveRead(context, input);
  const { version, view } = read.target;
  const { total_records } = await totalsOf(context.db.reader, view, version.table_version_id);
  const { rows, schema } = await sampleRows(context, read, input.limit);
  return { sample_rows: rows, sample_size: rows.length, schema, total_rows: total_records };
};

interface Sample {
  rows: Record<string, unknown>[];
  schema: Record<string, unknown>[];
}

async function sampleRows(context: RequestContext, read: ResolvedRead, limit: number): Promise<Sample> {
  const sample: Sample = { rows: [], schema: read.target.schema?.fields ?? [] };
  let file_offset: number | null | undefined = 0;
  for (let time = 0; time < TIMES_MAX && typeof file_offset === 'number'; time += 1) {
    const asked = { file_offset, max_files: FILES_AT_A_TIME, include_files: true, include_column_stats: false };
    const plan = await planDeltas(context, read, asked);
    const access = await accessTo(context, planPaths(plan));
    const found = executePlan(plan, { access, filter: read.question.predicate, limit: limit - sample.rows.length });
    for (const row of await found.objects()) sample.rows.push(readable(row));
    if (!read.target.schema) sample.schema = schemaFields(found.schema);
    if (sample.rows.length >= limit) break;
    file_offset = plan.next_file_offset;
  }
  return sample;
}

/** A row as JSON carries it: everything is JSON already but bytes, which become base64. */
function readable(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, readableValue(value)]));
}

function readableValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(readableValue);
  // What is left of the objects are structs, whose fields are values themselves.
  return typeof value === 'object' && value !== null ? readable(value as Record<string, unknown>) : value;
}
