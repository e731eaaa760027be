import { z } from 'zod';
import { keyText } from './text.ts';
import { consistencyType, nullOrder, sortOrder } from './words.ts';

/** The most fields of one table schema. */
export const FIELDS_MAX = 10_000;

/** How rows of one key are ordered inside one delta: the last one wins. */
export const mergeOrder = z.object({ sort_order: sortOrder, null_order: nullOrder.default('at_end') });

/** One column of a table: an Arrow type by its alias, and how the column behaves. */
export const schemaField = z.object({
  name: keyText
    .min(1, 'a field needs a name')
    .max(1024)
    .meta({ description: 'Column name, unique whatever its case.' }),
  type: z.string().min(1).max(4096).meta({
    description:
      'Arrow type alias: int64, double, string, bool, timestamp[us, tz=UTC], decimal128(10, 2), list<int64>, …',
  }),
  nullable: z.boolean().nullish().meta({ description: 'Whether the column may hold nulls. Default true.' }),
  field_id: z
    .int()
    .min(0)
    .nullish()
    .meta({ description: 'Stable id of the column; given by the server when left out.' }),
  is_merge_key: z.boolean().nullish().meta({ description: 'Whether the column is part of the merge key.' }),
  merge_order: mergeOrder.nullish(),
  is_event_time: z.boolean().nullish(),
  past_default: z.unknown().optional().meta({ description: 'Value of rows written before the column existed.' }),
  future_default: z.unknown().optional().meta({ description: 'Value of rows written without the column.' }),
  consistency_type: consistencyType.nullish(),
  doc: z.string().nullish(),
});
/** One column of a table. */
export type SchemaField = z.infer<typeof schemaField>;

/** A table schema: a list of fields, or the base64 of an Arrow IPC schema message. */
export const schemaDefinition = z.union([z.array(schemaField).max(FIELDS_MAX), z.string()]).meta({
  description: 'Either a list of fields, or the base64 of an Arrow IPC schema message. Left out: a schemaless table.',
});
/** A table schema as it is asked for. */
export type SchemaDefinition = z.infer<typeof schemaDefinition>;
