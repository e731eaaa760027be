import type { StorageAccess } from '../storage/access.ts';
import type { Inspection } from './capability.ts';
import { readParquetFooter } from './parquet-footer.ts';
import { parquetSchema } from './parquet-schema.ts';
import { parquetColumnStats } from './parquet-stats.ts';

/** What the footer of a Parquet file tells; its data is not read. Throws `invalid_entry` when it is no Parquet file. */
export async function inspectParquet(path: string, access: StorageAccess): Promise<Inspection> {
  const footer = await readParquetFooter(path, access);
  const schema = parquetSchema(footer);
  return {
    record_count: footer.num_rows,
    size_bytes: footer.size_bytes,
    schema,
    column_stats: parquetColumnStats(footer, schema),
  };
}
