import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { namespaceName, tableName } from '../values/names.ts';
import { nanoseconds } from '../values/numbers.ts';
import { changed, changing, paging, reading } from '../values/query.ts';
import { freeText, keyText } from '../values/text.ts';

const tag = 'catalog';
const commit_message = freeText.nullish().meta({ description: 'What the commit log says of it.' });
const newName = 'Another name to come back under; needed when something has the old one by now.';

/** Brings a dropped namespace back. */
export const undropNamespace = endpoint({
  op: 'undrop_namespace',
  method: 'POST',
  path: '/v1/namespaces/{namespace}/undrop',
  summary: 'Bring a dropped namespace back, with the tables that were in it.',
  params: { namespace: namespaceName },
  query: changing,
  body: {
    new_name: namespaceName.nullish().meta({ description: newName }),
    namespace_id: keyText
      .nullish()
      .meta({ description: 'Which of several dropped under that name; the one dropped last when left out.' }),
    commit_message,
  },
  output: z.object({
    namespace: z.string().meta({ description: 'The name that it has now.' }),
    namespace_id: z.string(),
    undropped: z.boolean(),
    ...changed,
  }),
  errors: ['catalog_not_found', 'namespace_not_found', 'name_taken', 'purged', 'operation_id_reused'],
  role: 'ADMIN',
  tool: 'deltacat_undrop_namespace',
  transactional: true,
  tag,
});

/** Brings a dropped table back. */
export const undropTable = endpoint({
  op: 'undrop_table',
  method: 'POST',
  path: '/v1/namespaces/{namespace}/tables/{table}/undrop',
  summary: 'Bring a dropped table back, with its versions, rows and history.',
  params: { namespace: namespaceName, table: tableName },
  query: changing,
  body: {
    new_name: tableName.nullish().meta({ description: newName }),
    table_id: keyText
      .nullish()
      .meta({ description: 'Which of several dropped under that name; the one dropped last when left out.' }),
    commit_message,
  },
  output: z.object({
    table: z.string().meta({ description: 'The name that it has now.' }),
    namespace: z.string(),
    table_id: z.string(),
    undropped: z.boolean(),
    ...changed,
  }),
  errors: [
    'catalog_not_found',
    'namespace_not_found',
    'table_not_found',
    'name_taken',
    'purged',
    'operation_id_reused',
  ],
  role: 'WRITER',
  tool: 'deltacat_undrop_table',
  transactional: true,
  tag,
});

/** Lists what was dropped and not brought back. */
export const listDropped = endpoint({
  op: 'list_dropped',
  method: 'GET',
  path: '/v1/dropped',
  summary:
    'List dropped namespaces and tables, the one dropped last first. Tables dropped with their namespace are in it.',
  query: { ...paging, ...reading },
  paged: true,
  output: z.array(
    z.object({
      kind: z.enum(['namespace', 'table']),
      namespace: z.string(),
      namespace_id: z.string(),
      table: z.string().nullish().meta({ description: 'The name of a table; null for a namespace.' }),
      table_id: z.string().nullish(),
      seq: z.int().meta({ description: 'The commit that dropped it.' }),
      dropped_at_ns: nanoseconds,
      author: z.string().nullish(),
      message: z.string().nullish(),
      operation: z.string(),
      transaction_id: z.string().nullish(),
      purged: z.boolean().meta({ description: 'Whether its data was given up, so that it cannot come back.' }),
    }),
  ),
  errors: ['catalog_not_found', 'invalid_request'],
  role: 'READER',
  tool: 'deltacat_list_dropped',
  tag,
});
