import { z } from 'zod';
import { count } from './numbers.ts';
import { columnStats, partitionValue } from './plan.ts';
import { keyText } from './text.ts';
import { contentEncoding, contentType } from './words.ts';

/** The most files of one commit. */
export const ENTRIES_MAX = 100_000;

/** One file that a write hands over. */
export const writeEntry = z.object({
  path: z
    .string()
    .min(1, 'an entry needs a path')
    .max(8192)
    .meta({ description: 'Where the file is: absolute path or URI.' }),
  record_count: count.nullish().meta({ description: 'Rows in the file; looked up in its footer when left out.' }),
  content_length: count.nullish().meta({ description: 'Size of the file in bytes; looked up when left out.' }),
  source_content_length: count.nullish(),
  content_type: contentType.nullish(),
  content_encoding: contentEncoding.nullish(),
  column_stats: z.record(z.string(), columnStats).nullish(),
  partition_values: z.array(partitionValue).nullish(),
  partition_scheme_id: z.union([z.string(), z.int()]).nullish(),
  sort_scheme_id: z.union([z.string(), z.int()]).nullish(),
  entry_type: z.string().nullish(),
  entry_params: z.object({ equality_field_locators: z.array(z.string()).nullish() }).nullish(),
  mandatory: z.boolean().nullish(),
  id: keyText.nullish(),
});
/** One file that a write hands over. */
export type WriteEntry = z.infer<typeof writeEntry>;
