import { type DataFile, DeltacatError } from '@deltacat/contract';

const CODES: ReadonlySet<string> = new Set(['invalid_entry', 'schema_mismatch']);

/** The failure of a read with the files in question, where DuckDB does not say which one it was: the one, or all of a few. */
export function nameFiles(error: unknown, files: readonly DataFile[]): unknown {
  const [first] = files;
  if (!(error instanceof DeltacatError) || !CODES.has(error.code) || first === undefined) return error;
  if (files.some(({ path }) => error.message.includes(path))) return error;
  const which = files.length === 1 ? first.path : `${first.path} or one of ${files.length - 1} others read with it`;
  return new DeltacatError(error.code, `${error.message} The file is ${which}.`, { ...error.details, cause: error });
}
