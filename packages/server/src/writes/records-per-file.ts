import { RECORDS_PER_FILE } from '@deltacat/io-core';
import type { Properties } from '../db/tables.ts';

/** The rows of one file: what the property of the table says, else as many as any writer puts there. */
export function recordsPerFile({ records_per_compacted_file }: Properties): number {
  const wanted = Number(records_per_compacted_file);
  return Number.isSafeInteger(wanted) && wanted > 0 ? wanted : RECORDS_PER_FILE;
}
