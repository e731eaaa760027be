import { type ContentType, DeltacatError, dataFile } from '@deltacat/contract';
import type { DuckDBType } from '@duckdb/node-api';
import { type DataType, Field, List, Schema, Struct } from 'apache-arrow';
import { arrowTypeOf } from './duckdb/arrow-type.ts';
import { quotePath, quoteText } from './duckdb/quote.ts';
import { openSession, type Session } from './duckdb/session.ts';
import { dialectOf } from './formats/dialect.ts';
import { type Unwrapped, unwrapAll } from './formats/wrapping.ts';
import { arrowType } from './schema/schema.ts';
import { ambientAccess, type StorageAccess } from './storage/access.ts';
import { Scratch } from './storage/scratch.ts';

/** What a text file of another program holds, as far as it can be told by reading it. */
export interface TextDescription {
  record_count: number;
  size_bytes: number;
  /** Its columns: whole numbers, numbers, booleans, and texts, times among them; lists and objects of these in JSON. */
  schema: Schema;
}

/**
 * Reads a text file to count its rows and find its columns: delimited files by the names in their first line, which is no row,
 * JSON by the keys of its lines. Throws `invalid_entry` when it is missing, has no such line, or is no text of its format.
 */
export async function describeTextFile(
  path: string,
  content_type: ContentType,
  access: StorageAccess = ambientAccess,
): Promise<TextDescription> {
  const size_bytes = await access.open(path).size(path);
  if (size_bytes === null) throw new DeltacatError('invalid_entry', `There is no file ${path}.`, { path });
  await using scratch = new Scratch();
  using session = await openSession();
  const file = dataFile.parse({ path, content_type });
  try {
    const [text] = await unwrapAll([{ file, index: 0 }], { access, scratch });
    if (text === undefined) throw new Error('one file was unwrapped');
    const source = sourceSql(text, content_type);
    const columns = (await session.describe(`SELECT * FROM ${source}`)) ?? [];
    if (content_type !== 'json') await requireHeader(session, { path, text, content_type, columns });
    const [row] = await session.rows(`SELECT count(*) FROM ${source}`);
    const fields = columns.map(({ name, type }) => new Field(name, plainType(type), true));
    return { record_count: Number(row?.[0] ?? 0), size_bytes, schema: new Schema(fields) };
  } catch (error) {
    if (!(error instanceof Error) || error instanceof DeltacatError) throw error;
    const message = `${path} cannot be read as ${content_type}: ${error.message}`;
    throw new DeltacatError('invalid_entry', message, { path, cause: error });
  }
}

function sourceSql(text: Unwrapped, content_type: ContentType, options: string[] = []): string {
  const path = quotePath(text.path);
  const dialect = dialectOf(content_type);
  if (dialect === null) {
    return `read_json(${path}, format = 'newline_delimited', records = true, sample_size = -1, hive_partitioning = false, compression = 'uncompressed')`;
  }
  const { delimiter, quote } = dialect;
  const set = [
    `delim = ${quoteText(delimiter)}, quote = ${quoteText(quote)}, escape = ${quoteText(quote)}`,
    `hive_partitioning = false, compression = 'none', comment = '', skip = 0, strict_mode = true`,
    `sample_size = -1, auto_type_candidates = ['BOOLEAN', 'BIGINT', 'DOUBLE', 'VARCHAR']`,
  ];
  return `read_csv(${path}, ${[...set, ...(options.length > 0 ? options : ['header = true'])].join(', ')})`;
}

interface Heading {
  path: string;
  text: Unwrapped;
  content_type: ContentType;
  columns: { name: string }[];
}

/** Readers take the first line for names only where it has those of the columns, each once. */
async function requireHeader(session: Session, { path, text, content_type, columns }: Heading): Promise<void> {
  const source = sourceSql(text, content_type, ['header = false', 'all_varchar = true']);
  const [first] = await session.rows(`SELECT * FROM ${source} LIMIT 1`);
  const isHeader = first?.length === columns.length && columns.every(({ name }, index) => first[index] === name);
  if (isHeader) return;
  throw new DeltacatError(
    'invalid_entry',
    `The first line of ${path} does not name its columns, each once. Put their names there, or commit the file with its record_count.`,
    { path },
  );
}

const KEPT = ['BOOLEAN', 'BIGINT', 'DOUBLE'];

/** Texts that look like times or ids stay texts: who wants more makes the table first. */
function plainType(type: DuckDBType): DataType {
  if ('entryNames' in type && !('keyType' in type)) {
    return new Struct(
      type.entryTypes.map((entry, index) => new Field(type.entryNames[index] ?? '', plainType(entry), true)),
    );
  }
  if ('valueType' in type && !('keyType' in type)) return new List(new Field('item', plainType(type.valueType), true));
  return KEPT.includes(String(type)) ? arrowTypeOf(type) : arrowType('string');
}
