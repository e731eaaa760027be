import { DATA_CHANGE_KINDS } from '@deltacat/contract';
import { chunks } from '../db/chunks.ts';
import type { Queries } from '../db/database.ts';
import { selectSums, toTotals } from '../snapshots/totals.ts';

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
export async function readFigures(queries: Queries, catalog_id: string, seqs: number[]): Promise<FiguresRead> {
  const figures: FiguresRead = new Map();
  for (const some of chunks(seqs)) await count(queries, { catalog_id, seqs: some }, figures);
  return figures;
}

/** The commits whose changes are counted. */
interface Counted {
  catalog_id: string;
  seqs: number[];
}

async function count(queries: Queries, counted: Counted, figures: FiguresRead): Promise<void> {
  const add = (seq: number, id: string, some: Partial<DataFigures>) => {
    const key = figuresKey(seq, id);
    figures.set(key, { ...NO_FIGURES, ...figures.get(key), ...some });
  };
  for (const { seq, table_version_id, ...sums } of await sumBy(queries, 'from_seq', counted)) {
    const { total_records: records_added, total_files: files_added, total_bytes: bytes_added } = toTotals(sums);
    add(seq, table_version_id, { records_added, files_added, bytes_added });
  }
  for (const { seq, table_version_id, ...sums } of await sumBy(queries, 'to_seq', counted)) {
    const { total_records: records_removed, total_files: files_removed, total_bytes: bytes_removed } = toTotals(sums);
    add(seq, table_version_id, { records_removed, files_removed, bytes_removed });
  }
  for (const { seq, table_version_id, partitions } of await countPartitions(queries, counted)) {
    add(seq, table_version_id, { partitions });
  }
}

type Moment = 'from_seq' | 'to_seq';

function sumBy(queries: Queries, moment: Moment, counted: Counted) {
  return selectSums(queries)
    .innerJoin(selectTouched(queries, counted).as('touched'), (join) =>
      join.onRef('touched.object_id', '=', 'deltas.table_version_id').onRef('touched.seq', '=', `deltas.${moment}`),
    )
    .select(['deltas.table_version_id', 'touched.seq'])
    .groupBy(['deltas.table_version_id', 'touched.seq'])
    .execute();
}

/** Partitions by their values: what is replaced has others of the same values. */
function countPartitions(queries: Queries, counted: Counted) {
  return queries
    .selectFrom(
      selectPartitions(queries, 'from_seq', counted)
        .union(selectPartitions(queries, 'to_seq', counted))
        .as('changed'),
    )
    .select(['changed.table_version_id', 'changed.seq'])
    .select(({ fn }) => fn.countAll<number>().as('partitions'))
    .groupBy(['changed.table_version_id', 'changed.seq'])
    .execute();
}

function selectPartitions(queries: Queries, moment: Moment, counted: Counted) {
  return queries
    .selectFrom('deltas')
    .innerJoin('partitions', 'partitions.partition_id', 'deltas.partition_id')
    .innerJoin(selectTouched(queries, counted).as('touched'), (join) =>
      join.onRef('touched.object_id', '=', 'deltas.table_version_id').onRef('touched.seq', '=', `deltas.${moment}`),
    )
    .select(['deltas.table_version_id', 'touched.seq', 'partitions.scheme_id', 'partitions.values_key']);
}

/** Whose data each commit touched: found by the commits, of which each has a few. */
function selectTouched(queries: Queries, { catalog_id, seqs }: Counted) {
  return queries
    .selectFrom('touches')
    .select(['touches.object_id', 'touches.seq'])
    .distinct()
    .where('touches.catalog_id', '=', catalog_id)
    .where('touches.seq', 'in', seqs)
    .where('touches.kind', 'in', DATA_CHANGE_KINDS);
}

/** Of several kinds of changes of data in one commit, the one that weighs most. */
export function heaviestKind(kinds: ReadonlySet<string>): (typeof DATA_CHANGE_KINDS)[number] {
  return DATA_CHANGE_KINDS.find((kind) => kinds.has(kind)) ?? 'rewrite';
}
