import type { Format } from './capability.ts';

/** How a delimited format separates and quotes its fields. */
export interface Dialect {
  delimiter: string;
  quote?: string;
}

/** A delimited format: no schema of its own, so it is read by the fields it was written by. */
export function delimitedFormat(_dialect: Dialect): Format {
  return {};
}
