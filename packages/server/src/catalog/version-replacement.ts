import type { Change } from '../commits/change.ts';
import type { TableVersion } from '../snapshots/versions.ts';

/** What of a version can be replaced; the rest of it is its identity. */
export type ReplacedState = Partial<
  Pick<
    TableVersion,
    | 'description'
    | 'properties'
    | 'lifecycle_state'
    | 'content_types'
    | 'schema_id'
    | 'partition_scheme'
    | 'sort_scheme'
  >
>;

/** Gives a version another state with this commit and answers it; what is left out stays. Its caller says how it is touched. */
export async function replaceVersion(
  change: Change,
  before: TableVersion,
  replaced: ReplacedState,
): Promise<TableVersion> {
  const { row_id, stream_id: _, from_seq: _from, to_seq: _to, transaction_id: _transaction, ...state } = before;
  await change.end('table_versions', [row_id]);
  await change.insert('table_versions', [{ ...state, ...replaced }]);
  return { ...before, ...replaced };
}
