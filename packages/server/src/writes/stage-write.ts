import { API } from '@deltacat/contract';
import type { Handler } from '../context.ts';
import { createWriteSession } from './create-write-session.ts';

/** Opens a write session in the words of the oldest client; its id is the token that `commit_write` takes. */
export const stageWrite: Handler<'stage_write'> = async (context, input) => {
  const { content_type: format, data_root_name: root, ...asked } = input;
  const session = await createWriteSession(context, API.create_write_session.input.parse({ ...asked, format, root }));
  const { session_id, namespace, table, table_exists, mode, data_dir, merge_keys, schema } = session;
  const { partition_scheme, sort_scheme, schema_evolution_mode, schema_consistency_type } = session;
  const { transaction_id, transaction_version } = session;
  return {
    ...{ namespace, table, table_exists, mode, data_dir, merge_keys, schema },
    ...{ partition_scheme, sort_scheme, schema_evolution_mode, schema_consistency_type },
    ...{ transaction_id, transaction_version },
    content_type: format,
    partition_id: session_id,
    validation_token: session_id,
    data_root_name: session.root,
    data_root_info: session.available_roots?.[session.root ?? ''] ?? null,
    available_data_roots: session.available_roots,
    credentials: session.credentials,
  };
};
