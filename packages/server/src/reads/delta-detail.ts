import type { Queries } from '../db/database.ts';
import type { DeltaInView } from '../snapshots/deltas.ts';
import { readAllStats, readFiles } from '../snapshots/files.ts';
import { type BrowsedStream, placeOf } from './browsed-stream.ts';
import { statsOfFile } from './prune.ts';

/** Deltas as they are described; with `include_manifest`, each with its files and what is known of their columns. */
export async function describeDeltas(
  queries: Queries,
  browsed: BrowsedStream,
  told: { deltas: DeltaInView[]; include_manifest: boolean },
) {
  const { deltas, include_manifest } = told;
  const manifests = include_manifest ? await readManifests(queries, deltas) : null;
  return deltas.map((delta) => ({
    ...placeOf(browsed),
    partition_id: delta.partition_id,
    partition_values: delta.partition_values,
    delta_type: delta.delta_type,
    stream_position: delta.position,
    previous_stream_position: delta.previous_position,
    record_count: delta.records,
    content_length: delta.bytes,
    content_type: delta.content_type,
    properties: null,
    embedded_in_partition: false,
    manifest: manifests?.get(delta.manifest_id) ?? null,
    watermark: null,
  }));
}

async function readManifests(queries: Queries, deltas: DeltaInView[]) {
  const ids = [...new Set(deltas.map(({ manifest_id }) => manifest_id))];
  const files = await readFiles(queries, ids);
  const stats = await readAllStats(queries, ids);
  const manifests = deltas.map(({ manifest_id, author_name, author_version, delta_type }) => {
    const ofManifest = Object.entries(stats.get(manifest_id) ?? {});
    const entries = (files.get(manifest_id) ?? []).map(({ file_id, path, ...file }, ordinal) => ({
      ...{ ...file, id: file_id, url: path },
      entry_type: delta_type === 'delete' ? 'equality_delete' : 'data',
      column_stats: statsOfFile(ofManifest, ordinal),
    }));
    return [
      manifest_id,
      { id: manifest_id, author_name, author_version, entry_count: entries.length, entries },
    ] as const;
  });
  return new Map(manifests);
}
