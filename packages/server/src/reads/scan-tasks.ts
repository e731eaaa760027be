import type { DataFile, ScanTask } from '@deltacat/contract';
import type { ManifestStats } from '../db/tables.ts';
import type { ManifestFile } from '../snapshots/files.ts';
import { type SelectedDelta, statsOfFile } from './prune.ts';
import { deleteSchemaId } from './schemas.ts';
import type { TellStats } from './told-stats.ts';

/** What a page's deltas are made of. `stats` is null when the reader did not ask for statistics. */
export interface PageFiles {
  files: Map<string, ManifestFile[]>;
  stats: { of: Map<string, ManifestStats>; tell: TellStats } | null;
}

/** One scan task per delta, each with the files that the reader is to read. */
export function toScanTasks(deltas: SelectedDelta[], page: PageFiles): ScanTask[] {
  return deltas.map((delta) => ({
    delta_type: delta.delta_type,
    stream_position: delta.position,
    previous_stream_position: delta.previous_position,
    partition_values: delta.partition_values,
    partition_scheme_id: delta.scheme_id,
    partition_id: delta.partition_id,
    stream_id: delta.stream_id,
    entry_params: delta.entry_params,
    author_name: delta.author_name,
    author_version: delta.author_version,
    files: toDataFiles(delta, page),
  }));
}

function toDataFiles(delta: SelectedDelta, page: PageFiles): DataFile[] {
  const files = page.files.get(delta.manifest_id) ?? [];
  const stats = Object.entries(page.stats?.of.get(delta.manifest_id) ?? {});
  const ordinals = delta.ordinals ?? files.keys();
  const found: DataFile[] = [];
  for (const ordinal of ordinals) {
    const file = files[ordinal];
    if (!file) continue;
    const { file_id, schema_id, ...rest } = file;
    const data: DataFile = { ...rest, id: file_id, schema_id: deleteSchemaId(delta, schema_id) ?? schema_id };
    if (page.stats) data.column_stats = page.stats.tell(statsOfFile(stats, ordinal));
    found.push(data);
  }
  return found;
}
