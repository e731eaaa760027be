import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { catalogName } from '../values/names.ts';
import { nanoseconds } from '../values/numbers.ts';
import { dataRoot } from '../values/plan.ts';

const roots = {
  root: z.string().nullish().meta({ description: 'Where the catalog keeps its folder.' }),
  data_root: z.string().nullish().meta({ description: 'Name of the data root that new files go to.' }),
  data_roots: z.record(z.string(), dataRoot).nullish(),
};

/** Lists the catalogs that the server serves. */
export const listCatalogs = endpoint({
  op: 'list_catalogs',
  method: 'GET',
  path: '/v1/catalogs',
  summary: 'List the catalogs that this server serves.',
  output: z.object({ catalogs: z.array(z.object({ name: z.string(), is_default: z.boolean().nullish(), ...roots })) }),
  errors: [],
  role: 'READER',
  tool: 'deltacat_list_catalogs',
  tag: 'catalog',
});

/** Describes one catalog. */
export const describeCatalog = endpoint({
  op: 'describe_catalog',
  method: 'GET',
  path: '/v1/catalogs/{catalog_name}',
  summary: 'Describe one catalog: its roots, clock and newest commit.',
  params: { catalog_name: catalogName },
  output: z.object({
    name: z.string(),
    ...roots,
    root: z.string(),
    clock_mode: z.string().nullish(),
    retention_config: z.unknown().nullish(),
    seq: z.int().nullish().meta({ description: 'Number of the newest commit.' }),
    committed_at_ns: nanoseconds.nullish(),
  }),
  errors: ['catalog_not_found'],
  role: 'READER',
  tool: 'deltacat_describe_catalog',
  tag: 'catalog',
});
