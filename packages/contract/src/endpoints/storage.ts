import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { catalogName } from '../values/names.ts';
import { dataRoot } from '../values/plan.ts';
import { flag, PAGE_ITEMS_MAX, whole } from '../values/query.ts';
import {
  bindingFields,
  bindingName,
  dataRootName,
  discoveryRoot,
  discoveryRootFields,
  discoveryRootName,
  LIFECYCLE_OF_ROOTS,
  rootUsage,
  storageBinding,
} from '../values/storage.ts';
import { freeText, keyText } from '../values/text.ts';

const ofCatalog = { catalog_name: catalogName };
const ofRoot = { ...ofCatalog, root_name: dataRootName };
const ofDiscoveryRoot = { ...ofCatalog, root_name: discoveryRootName };
const refusals = ['catalog_not_found', 'not_found', 'name_taken', 'invalid_request', 'not_supported'] as const;
const tag = 'catalog';

const storageState = z.object({
  catalog_name: z.string(),
  data_roots: z.record(z.string(), dataRoot),
  discovery_roots: z.record(z.string(), discoveryRoot),
  storage_bindings: z.record(z.string(), storageBinding),
  default_root_name: z.string().nullish(),
  system_root_name: z.string().nullish(),
  storage_snapshot_id: z.string().nullish(),
  storage_snapshot_sequence: z.int().nullish(),
});
/** The roots and bindings of a catalog as they are answered. */
export type StorageState = z.input<typeof storageState>;

const storageChange = z.object({
  changed: z.boolean(),
  state: storageState,
  binding_id: z.string().nullish(),
  binding_revision: z.int().nullish(),
  root_id: z.string().nullish(),
  discovery_root_id: z.string().nullish(),
});
/** A change of roots or bindings as it is answered, with the state after it. */
export type StorageChange = z.input<typeof storageChange>;

/** Describes where the data of a catalog lies. */
export const describeCatalogStorageControl = endpoint({
  op: 'describe_catalog_storage_control',
  method: 'GET',
  path: '/v1/catalogs/{catalog_name}/storage-control',
  summary: 'Describe where data of a catalog lies: its data roots, storage bindings and discovery roots.',
  params: ofCatalog,
  output: storageState,
  errors: ['catalog_not_found'],
  role: 'ADMIN',
  tag,
});

const rootPlace = {
  managed_prefix: keyText.min(1).max(2_048).meta({
    description: 'Where the files go: `s3://bucket/prefix`, or `bucket/prefix` in the scheme of the binding.',
  }),
  usage: rootUsage.nullish(),
  set_as_default: z.boolean().default(false).meta({ description: 'Let new files go there.' }),
  set_as_system: z.boolean().default(false),
};

/** Adds a data root, once it was shown that the server can write, read and remove a file there. */
export const createDataRoot = endpoint({
  op: 'create_data_root',
  method: 'POST',
  path: '/v1/catalogs/{catalog_name}/data-roots',
  summary: 'Add a data root, after trying to write, read and remove a file there.',
  params: ofCatalog,
  body: {
    name: dataRootName,
    binding_name: bindingName
      .nullish()
      .meta({ description: 'The binding that opens it. Left out, one of the name of the root is made with it.' }),
    binding: z
      .strictObject(bindingFields)
      .nullish()
      .meta({ description: 'How the store is reached, when no binding is named.' }),
    ...rootPlace,
  },
  output: storageChange,
  errors: refusals,
  role: 'ADMIN',
  tag,
});

/** Changes a data root; what is left out stays. */
export const updateDataRoot = endpoint({
  op: 'update_data_root',
  method: 'PUT',
  path: '/v1/catalogs/{catalog_name}/data-roots/{root_name}',
  summary: 'Change a data root: its binding, its use, or that new files go there. What is left out stays.',
  params: ofRoot,
  body: {
    ...rootPlace,
    binding_name: bindingName.nullish(),
    managed_prefix: rootPlace.managed_prefix.nullish(),
  },
  output: storageChange,
  errors: refusals,
  role: 'ADMIN',
  tag,
});

/** Removes a data root that no file lies in. */
export const deleteDataRoot = endpoint({
  op: 'delete_data_root',
  method: 'DELETE',
  path: '/v1/catalogs/{catalog_name}/data-roots/{root_name}',
  summary: 'Remove a data root that no table has files in. Nothing in the store itself is removed.',
  params: ofRoot,
  output: storageChange,
  errors: refusals,
  role: 'ADMIN',
  tag,
});

/** Adds a storage binding: a store, and how it is reached. */
export const createStorageBinding = endpoint({
  op: 'create_storage_binding',
  method: 'POST',
  path: '/v1/catalogs/{catalog_name}/storage-bindings',
  summary: 'Add a storage binding: a store, and how the server and its clients reach it.',
  params: ofCatalog,
  body: {
    name: bindingName,
    storage_type: keyText.max(32).meta({ description: '`s3`.' }),
    uri_scheme: keyText.max(32).meta({ description: '`s3`.' }),
    storage_class: z.enum(['managed', 'discovery']).default('managed'),
    description: freeText.nullish(),
    ...bindingFields,
  },
  output: storageChange,
  errors: refusals,
  role: 'ADMIN',
  tool: 'deltacat_create_storage_binding',
  tag,
});

/** Changes how a store is reached; the binding gets its next revision. */
export const updateStorageBinding = endpoint({
  op: 'update_storage_binding',
  method: 'PUT',
  path: '/v1/catalogs/{catalog_name}/storage-bindings/{binding_name}',
  summary: 'Change how a store is reached. The binding gets its next revision; what is left out stays.',
  params: { ...ofCatalog, binding_name: bindingName },
  body: { uri_scheme: keyText.max(32), ...bindingFields },
  output: storageChange,
  errors: refusals,
  role: 'ADMIN',
  tool: 'deltacat_update_storage_binding',
  tag,
});

/** Lists the places that may be crawled. */
export const listDiscoveryRoots = endpoint({
  op: 'list_discovery_roots',
  method: 'GET',
  path: '/v1/catalogs/{catalog_name}/discovery-roots',
  summary: 'List the places that may be crawled.',
  params: ofCatalog,
  query: {
    include_disabled: flag.default(false),
    include_history: flag.default(false),
    limit: whole
      .pipe(z.int().min(1).max(PAGE_ITEMS_MAX))
      .nullish()
      .meta({ description: 'How many items a page has; all when left out.' }),
    page_token: keyText.nullish().meta({ description: '`next_page_token` of the page before.' }),
  },
  output: z.object({ items: z.array(discoveryRoot), next_page_token: z.string().nullish() }),
  errors: ['catalog_not_found', 'invalid_request'],
  role: 'READER',
  tool: 'deltacat_list_discovery_roots',
  tag,
});

/** Describes one place that may be crawled. */
export const describeDiscoveryRoot = endpoint({
  op: 'describe_discovery_root',
  method: 'GET',
  path: '/v1/catalogs/{catalog_name}/discovery-roots/{root_name}',
  summary: 'Describe one place that may be crawled.',
  params: ofDiscoveryRoot,
  query: {
    include_history: flag.default(false),
    discovery_root_id: keyText.max(255).nullish().meta({ description: 'An earlier state of it, by its id.' }),
  },
  output: discoveryRoot,
  errors: ['catalog_not_found', 'not_found'],
  role: 'READER',
  tool: 'deltacat_describe_discovery_root',
  tag,
});

/** Adds a place that may be crawled. */
export const createDiscoveryRoot = endpoint({
  op: 'create_discovery_root',
  method: 'POST',
  path: '/v1/catalogs/{catalog_name}/discovery-roots',
  summary: 'Add a place that may be crawled.',
  params: ofCatalog,
  body: {
    name: discoveryRootName,
    ...discoveryRootFields,
    lifecycle_state: z.enum(LIFECYCLE_OF_ROOTS).default('active'),
  },
  output: storageChange,
  errors: refusals,
  role: 'ADMIN',
  tool: 'deltacat_create_discovery_root',
  tag,
});

/** Changes a place that may be crawled; its earlier states are kept. */
export const updateDiscoveryRoot = endpoint({
  op: 'update_discovery_root',
  method: 'PUT',
  path: '/v1/catalogs/{catalog_name}/discovery-roots/{root_name}',
  summary: 'Change a place that may be crawled. What is left out stays, and earlier states are kept.',
  params: ofDiscoveryRoot,
  body: { ...discoveryRootFields, lifecycle_state: z.enum(LIFECYCLE_OF_ROOTS).nullish() },
  output: storageChange,
  errors: refusals,
  role: 'ADMIN',
  tool: 'deltacat_update_discovery_root',
  tag,
});

/** Disables a place that may be crawled. */
export const deleteDiscoveryRoot = endpoint({
  op: 'delete_discovery_root',
  method: 'DELETE',
  path: '/v1/catalogs/{catalog_name}/discovery-roots/{root_name}',
  summary: 'Disable a place that may be crawled; what it was is kept.',
  params: ofDiscoveryRoot,
  output: storageChange,
  errors: ['catalog_not_found', 'not_found'],
  role: 'ADMIN',
  tool: 'deltacat_delete_discovery_root',
  tag,
});
