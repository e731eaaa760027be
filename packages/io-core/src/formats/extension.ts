import type { ContentType } from '@deltacat/contract';

const CONTENT_TYPE_BY_EXTENSION: Record<string, ContentType> = {
  parquet: 'parquet',
  pq: 'parquet',
  csv: 'csv',
  tsv: 'tsv',
  psv: 'psv',
  json: 'json',
  jsonl: 'json',
  ndjson: 'json',
  feather: 'feather',
  arrow: 'feather',
  avro: 'avro',
  orc: 'orc',
  lance: 'lance',
};

/** What names end with beside the format, where a file was compressed. */
const COMPRESSED = /(\.(gz|zst|bz2|sz))+$/;

/** The format that a name promises, or null when it promises none. */
export function contentTypeOfName(path: string): ContentType | null {
  const name = path.toLowerCase().replace(COMPRESSED, '');
  const extension = /\.([a-z]+)$/.exec(name)?.[1];
  return extension === undefined ? null : (CONTENT_TYPE_BY_EXTENSION[extension] ?? null);
}
