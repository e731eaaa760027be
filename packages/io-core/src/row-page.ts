import { type DataFile, DeltacatError } from '@deltacat/contract';

/** Which rows of a result are wanted: after `skip` others, at most `left`. */
export interface RowPage {
  skip: number;
  /** Infinity for all. */
  left: number;
}

/** The page that is asked for. Throws `invalid_request` for what is no number of rows. */
export function rowPage({ limit, offset }: { limit?: number | null; offset?: number | null }): RowPage {
  for (const [name, count] of [
    ['limit', limit],
    ['offset', offset],
  ] as const) {
    if (count == null || (Number.isSafeInteger(count) && count >= 0)) continue;
    throw new DeltacatError('invalid_request', `The ${name} of rows is ${count}; give a whole number, 0 or more.`);
  }
  return { skip: offset ?? 0, left: limit ?? Number.POSITIVE_INFINITY };
}

/** The page as the end of a query. */
export function pageSql({ skip, left }: RowPage): string {
  const limit = Number.isFinite(left) ? ` LIMIT ${left}` : '';
  return skip > 0 ? `${limit} OFFSET ${skip}` : limit;
}

/**
 * The files that hold the rows of a page, and how many rows of them are still to skip. The others need not be opened: the
 * catalog knows how many rows are in them.
 */
export function pageFiles(files: readonly DataFile[], { skip, left }: RowPage): { files: DataFile[]; skip: number } {
  let first = 0;
  let before = 0;
  for (const file of files) {
    if (!isCounted(file) || before + file.record_count > skip) break;
    before += file.record_count;
    first += 1;
  }
  const wanted = skip - before + left;
  const held: DataFile[] = [];
  let rows = 0;
  for (const file of files.slice(first)) {
    if (rows >= wanted) break;
    held.push(file);
    rows += isCounted(file) ? file.record_count : 0;
  }
  return { files: held, skip: skip - before };
}

/**
 * Of Parquet files the count was compared with the footer when they were committed; that of others is what a writer said. None may
 * also mean that a plan does not tell.
 */
function isCounted({ content_type, record_count }: DataFile): boolean {
  return content_type === 'parquet' && record_count > 0;
}
