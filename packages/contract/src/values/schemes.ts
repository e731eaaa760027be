import { z } from 'zod';
import { nullOrder, sortOrder } from './words.ts';

/** The id of the partition scheme of an unpartitioned table and of the sort scheme of an unsorted one. */
export const EMPTY_SCHEME_ID = 'deadbeef-7277-49a4-a195-fdc8ed235d42';

/** The most keys of one scheme. */
export const SCHEME_KEYS_MAX = 64;

const columns = z.array(z.string().min(1)).min(1).max(SCHEME_KEYS_MAX);
const schemeId = z.union([z.string(), z.int()]);

/** One key of a partition scheme: columns and the transform that turns their values into a partition value. */
export const partitionKey = z.object({
  key: columns.meta({
    description: 'The source column. A bucket may name several, of which the first places the row.',
  }),
  transform: z.string().nullish().meta({
    description: 'identity (default), year, month, day, hour, bucket(N), truncate(W) or void.',
  }),
  name: z.string().nullish(),
});
/** How rows are split into partitions. */
export const partitionScheme = z.object({
  id: schemeId.nullish(),
  name: z.string().nullish(),
  keys: z.array(partitionKey).max(SCHEME_KEYS_MAX),
});
/** How rows are split into partitions. */
export type PartitionScheme = z.infer<typeof partitionScheme>;

/** One key of a sort scheme. */
export const sortKey = z.object({
  key: columns,
  sort_order: sortOrder.nullish(),
  null_order: nullOrder.nullish(),
  transform: z.string().nullish(),
});
/** How the rows of a file are ordered. */
export const sortScheme = z.object({
  id: schemeId.nullish(),
  name: z.string().nullish(),
  keys: z.array(sortKey).max(SCHEME_KEYS_MAX),
});
/** How the rows of a file are ordered. */
export type SortScheme = z.infer<typeof sortScheme>;
