import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { namespaceName } from '../values/names.ts';
import { properties } from '../values/properties.ts';
import { atTime, changed, changing, flag, pagingOnDemand, reading } from '../values/query.ts';

const params = { namespace: namespaceName };
const tag = 'catalog';

const namespaceAnswer = z.object({
  name: z.string(),
  properties: properties.default({}),
  namespace_id: z.string().nullish().meta({ description: 'Identity of the namespace; it survives renames.' }),
});

const namespaceChange = z.object({
  namespace: z.string(),
  created: z.boolean().nullish(),
  altered: z.boolean().nullish(),
  dropped: z.boolean().nullish(),
  purged: z.boolean().nullish(),
  new_name: z.string().nullish(),
  ...changed,
});

/** Creates a namespace. */
export const createNamespace = endpoint({
  op: 'create_namespace',
  method: 'POST',
  path: '/v1/namespaces',
  summary: 'Create a namespace.',
  query: changing,
  body: { namespace: namespaceName, properties: properties.nullish() },
  output: namespaceChange,
  status: 201,
  errors: ['catalog_not_found', 'name_taken', 'operation_id_reused'],
  role: 'WRITER',
  tool: 'deltacat_create_namespace',
  transactional: true,
  tag,
});

/** Reads a namespace. */
export const getNamespace = endpoint({
  op: 'get_namespace',
  method: 'GET',
  path: '/v1/namespaces/{namespace}',
  summary: 'Read a namespace and its properties.',
  params,
  query: { ...atTime, ...reading },
  output: namespaceAnswer,
  errors: ['catalog_not_found', 'namespace_not_found', 'invalid_as_of'],
  role: 'READER',
  transactional: true,
  tag,
});

/** Says whether a namespace exists. */
export const namespaceExists = endpoint({
  op: 'namespace_exists',
  method: 'GET',
  path: '/v1/namespaces/{namespace}/exists',
  summary: 'Whether a namespace exists.',
  params,
  query: { ...atTime, ...reading },
  output: z.object({ exists: z.boolean(), namespace: z.string() }),
  errors: ['catalog_not_found', 'invalid_as_of'],
  role: 'READER',
  tool: 'deltacat_namespace_exists',
  transactional: true,
  tag,
});

/** Changes properties of a namespace, or renames it. */
export const alterNamespace = endpoint({
  op: 'alter_namespace',
  method: 'PUT',
  path: '/v1/namespaces/{namespace}',
  summary: 'Change properties of a namespace (those not named stay; null removes one), or rename it.',
  params,
  query: changing,
  body: { properties: properties.nullish(), new_name: namespaceName.nullish() },
  output: namespaceChange,
  errors: ['catalog_not_found', 'namespace_not_found', 'name_taken', 'operation_id_reused'],
  role: 'ADMIN',
  transactional: true,
  tag,
});

/** Drops a namespace with all its tables. */
export const dropNamespace = endpoint({
  op: 'drop_namespace',
  method: 'DELETE',
  path: '/v1/namespaces/{namespace}',
  summary: 'Drop a namespace with all its tables. No file is deleted: reads as of the time before still work.',
  params,
  query: {
    purge: flag
      .default(false)
      .meta({ description: 'Also note that the data may be collected; collecting it is not built yet.' }),
    ...changing,
  },
  output: namespaceChange,
  errors: ['catalog_not_found', 'namespace_not_found', 'operation_id_reused'],
  role: 'ADMIN',
  tool: 'deltacat_drop_namespace',
  transactional: true,
  tag,
});

/** Lists namespaces. */
export const listNamespaces = endpoint({
  op: 'list_namespaces',
  method: 'GET',
  path: '/v1/namespaces',
  summary: 'List the namespaces of a catalog by name.',
  query: { ...atTime, ...pagingOnDemand, ...reading },
  output: z.array(namespaceAnswer),
  paged: true,
  errors: ['catalog_not_found', 'invalid_as_of', 'invalid_request'],
  role: 'READER',
  tool: 'deltacat_list_namespaces',
  transactional: true,
  tag,
});
