import { z } from 'zod';
import { partitionValue } from './plan.ts';

/** The most partitions that one read may name. */
export const PARTITIONS_CHOSEN_MAX = 10_000;

/** What the fields of a partition filter look like, for people. */
export const PARTITION_FILTER_FORM =
  'a list whose items are {"partition_id": "..."}, {"partition_values": [a value for each key]} or both; ' +
  'or the id alone; or, of a table with one partition key, the value alone';

const selector = z.object({
  partition_id: z.string().nullish(),
  partition_values: z.array(partitionValue).nullish(),
});

/** The partitions that a read names: any of the list, each by its id, by its values, or by both. */
export const partitionChoices = z.array(z.union([partitionValue, selector]));
/** The partitions that a read names. */
export type PartitionChoices = z.infer<typeof partitionChoices>;
