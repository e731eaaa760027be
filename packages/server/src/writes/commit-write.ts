import { idempotency } from '../catalog/idempotency.ts';
import type { Handler } from '../context.ts';
import { catalogNamed } from '../roots/catalogs.ts';
import { commitFiles } from './commit.ts';

/** Makes files visible that were written without a session, wherever they are. */
export const commitWrite: Handler<'commit_write'> = async (context, input) => {
  const { namespace, table, mode } = input;
  const { deltas_written, files_registered, total_records, seq, committed_at_ns } = await commitFiles(context, {
    catalog: catalogNamed(context, input.catalog),
    aim: { namespace, table, mode, table_version: input.table_version ?? null, identity: null, opened_seq: null },
    entries: input.manifest_entries,
    format: input.content_type,
    data_dir: null,
    create_if_missing: null,
    operation: 'commit_write',
    message: input.commit_message ?? null,
    idempotency: idempotency(input),
  });
  return {
    ...{ committed: true, table, namespace },
    ...{ deltas_written, files_registered, total_records, seq, committed_at_ns },
  };
};
