import { DATA_CHANGE_KINDS } from '@deltacat/contract';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import { selectSums, toTotals } from '../snapshots/totals.ts';
import type { Touched } from './commit-log.ts';

/** What a commit did to the files of a table version. */
export interface DataFigures {
  partitions: number;
  records_added: number;
  files_added: number;
  bytes_added: number;
  records_removed: number;
  files_removed: number;
  bytes_removed: number;
}

/** The figures of changes of data by commit and table version. */
export type FiguresRead = Map<string, DataFigures>;

/** Under which key the figures of a change are. */
export function figuresKey(seq: number, table_version_id: string): string {
  return `${seq} ${table_version_id}`;
}

/** A change of data in which nothing came or went. */
export const NO_FIGURES: DataFigures = {
  partitions: 0,
  ...{ records_added: 0, files_added: 0, bytes_added: 0 },
  ...{ records_removed: 0, files_removed: 0, bytes_removed: 0 },
};

/** Counts what commits added to and removed from the table versions whose data they touched. */
export async function readFigures(queries: Queries, { data }: Touched): Promise<FiguresRead> {
  const seqs = [...data.keys()];
  const versions = new Set([...data.values()].flatMap((ofCommit) => [...ofCommit.keys()]));
  const figures: FiguresRead = new Map();
  for (const ids of chunks([...versions])) {
    for (const some of chunks(seqs)) await count(queries, { ids, seqs: some, figures });
  }
  return figures;
}

interface Counting {
  ids: string[];
  seqs: number[];
  figures: FiguresRead;
}

async function count(queries: Queries, { ids, seqs, figures }: Counting): Promise<void> {
  const add = (seq: number | null, id: string, some: Partial<DataFigures>) => {
    const key = figuresKey(seq ?? 0, id);
    figures.set(key, { ...NO_FIGURES, ...figures.get(key), ...some });
  };
  for (const { seq, table_version_id, ...sums } of await sumBy(queries, 'from_seq', { ids, seqs })) {
    const { total_records: records_added, total_files: files_added, total_bytes: bytes_added } = toTotals(sums);
    add(seq, table_version_id, { records_added, files_added, bytes_added });
  }
  for (const { seq, table_version_id, ...sums } of await sumBy(queries, 'to_seq', { ids, seqs })) {
    const { total_records: records_removed, total_files: files_removed, total_bytes: bytes_removed } = toTotals(sums);
    add(seq, table_version_id, { records_removed, files_removed, bytes_removed });
  }
  const partitions = await selectPartitions(queries, 'from_seq', { ids, seqs })
    .union(selectPartitions(queries, 'to_seq', { ids, seqs }))
    .execute();
  const byChange = Map.groupBy(partitions, ({ seq, table_version_id }) => figuresKey(seq ?? 0, table_version_id));
  for (const some of byChange.values()) {
    const [{ seq, table_version_id } = { seq: 0, table_version_id: '' }] = some;
    add(seq, table_version_id, { partitions: some.length });
  }
}

type Moment = 'from_seq' | 'to_seq';

function sumBy(queries: Queries, moment: Moment, { ids, seqs }: { ids: string[]; seqs: number[] }) {
  return selectSums(queries)
    .select(['deltas.table_version_id', `deltas.${moment} as seq`])
    .where('deltas.table_version_id', 'in', ids)
    .where(`deltas.${moment}`, 'in', seqs)
    .groupBy(['deltas.table_version_id', `deltas.${moment}`])
    .execute();
}

/** Partitions by their values: what is replaced has others of the same values. */
function selectPartitions(queries: Queries, moment: Moment, { ids, seqs }: { ids: string[]; seqs: number[] }) {
  return queries
    .selectFrom('deltas')
    .innerJoin('partitions', 'partitions.partition_id', 'deltas.partition_id')
    .select(['deltas.table_version_id', `deltas.${moment} as seq`, 'partitions.scheme_id', 'partitions.values_key'])
    .where('deltas.table_version_id', 'in', ids)
    .where(`deltas.${moment}`, 'in', seqs);
}

/** Of several kinds of changes of data in one commit, the one that weighs most. */
export function heaviestKind(kinds: ReadonlySet<string>): (typeof DATA_CHANGE_KINDS)[number] {
  return DATA_CHANGE_KINDS.find((kind) => kinds.has(kind)) ?? 'rewrite';
}
