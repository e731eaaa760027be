import { type ContentType, type DataFile, DeltacatError } from '@deltacat/contract';
import { ambientAccess } from '../storage/access.ts';
import { Scratch } from '../storage/scratch.ts';
import { avroFormat } from './avro.ts';
import {
  FILE_INDEX_COLUMN,
  FILE_ROW_COLUMN,
  type Format,
  type IndexedFile,
  type Relation,
  type ScanInput,
} from './capability.ts';
import { delimitedFormat } from './csv.ts';
import { DIALECTS } from './dialect.ts';
import { featherFormat } from './feather.ts';
import { jsonFormat } from './json.ts';
import { lanceFormat } from './lance.ts';
import { parquetFormat } from './parquet.ts';

export { FILE_INDEX_COLUMN, FILE_ROW_COLUMN, type Inspection, type Relation, type ScanInput } from './capability.ts';

/** Each content type and what can be done with it. */
export const FORMATS: Record<ContentType, Format> = {
  parquet: parquetFormat,
  csv: delimitedFormat(DIALECTS.csv),
  tsv: delimitedFormat(DIALECTS.tsv),
  psv: delimitedFormat(DIALECTS.psv),
  unescaped_tsv: delimitedFormat(DIALECTS.unescaped_tsv),
  feather: featherFormat,
  json: jsonFormat,
  avro: avroFormat,
  orc: {},
  lance: lanceFormat,
  binary: {},
};

/** Files made ready for DuckDB. */
export interface PreparedScan extends AsyncDisposable {
  /** A parenthesised relation to put after FROM: `columns`, FILE_INDEX_COLUMN INTEGER and FILE_ROW_COLUMN BIGINT. */
  sql: string;
  /** The columns found in any of the files, by their names there. */
  columns: string[];
  /** The parts of `sql`, one per layout of files: for readers that must know a file's own types, or keep the files' order. */
  relations: Relation[];
  /** Removes what was unpacked for the scan; to be called once its rows are read, or given up. */
  dispose(): Promise<void>;
}

/** What a scan goes by; all columns, and the files of this machine, where it does not say. */
export type PrepareInput = Pick<ScanInput, 'fields'> & Partial<Pick<ScanInput, 'wanted' | 'access'>>;

/**
 * Makes files ready to be scanned together: unpacks what DuckDB cannot open and tells the SQL that reads them.
 * Files are grouped by their layout, so that ten thousand files are one `read_parquet` call, not ten thousand.
 */
export async function prepareScan(files: DataFile[], input: PrepareInput): Promise<PreparedScan> {
  const scratch = new Scratch();
  const { fields, wanted = null, access = ambientAccess } = input;
  try {
    const relations: Relation[] = [];
    for (const [scan, members] of byFormat(files))
      relations.push(...(await scan(members, { fields, wanted, access, scratch })));
    const columns = [...new Set(relations.flatMap((relation) => relation.columns))];
    const dispose = () => scratch[Symbol.asyncDispose]();
    return {
      sql: unionSql(relations),
      columns,
      relations,
      dispose,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await scratch[Symbol.asyncDispose]();
    throw error;
  }
}

function byFormat(files: DataFile[]): Map<NonNullable<Format['scan']>, IndexedFile[]> {
  const groups = new Map<NonNullable<Format['scan']>, IndexedFile[]>();
  for (const [index, file] of files.entries()) {
    const scan = FORMATS[file.content_type].scan;
    if (scan === undefined) {
      throw new DeltacatError(
        'not_supported',
        `${file.path} is a file of type ${file.content_type}, which cannot be read here; read this table with the official Python client (pip install 'deltacat-client[all]').`,
        { path: file.path, content_type: file.content_type },
      );
    }
    const group = groups.get(scan);
    if (group === undefined) groups.set(scan, [{ file, index }]);
    else group.push({ file, index });
  }
  return groups;
}

function unionSql(relations: Relation[]): string {
  if (relations.length === 0) {
    return `(SELECT 0::INTEGER AS ${FILE_INDEX_COLUMN}, 0::BIGINT AS ${FILE_ROW_COLUMN} LIMIT 0)`;
  }
  return `(${relations.map(({ sql }) => sql).join('\nUNION ALL BY NAME\n')})`;
}
