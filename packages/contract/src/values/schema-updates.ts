import { z } from 'zod';
import { FIELDS_MAX, schemaField } from './schema.ts';
import { schemaOperation } from './words.ts';

const column = z.string().min(1).max(1024);

/** A column as an operation names it: whole when it is added, in part when it is updated. */
const changedField = schemaField.partial().extend({
  computed_field: z.unknown().optional().meta({ description: 'Columns that are computed are not supported.' }),
});

/** One change of one column. */
export const schemaUpdateOperation = z.object({
  op: schemaOperation,
  field: changedField.nullish().meta({
    description:
      'add: the new column, with at least name and type. update: what becomes different; null takes a future_default or doc away.',
  }),
  field_locator: column.nullish().meta({
    description: 'remove, update, update_type: the name of the column. An update may name it by field.name instead.',
  }),
  new_type: z.string().min(1).max(4096).nullish().meta({ description: 'update_type: the Arrow type alias to become.' }),
});
/** One change of one column. */
export type SchemaUpdateOperation = z.infer<typeof schemaUpdateOperation>;

const operations = z.array(schemaUpdateOperation).min(1).max(FIELDS_MAX).meta({
  description:
    'All of them become one new revision of the schema, or none does. One column takes one kind of operation.',
});

/** How a schema becomes another: a list of operations, or the list with how it is to be taken. */
export const schemaUpdates = z
  .union([
    operations,
    z.object({
      operations,
      allow_incompatible_changes: z.boolean().nullish().meta({
        description: 'Also do what data that is there, or writers at work, may not fit. Default false.',
      }),
      base_schema_id: z.int().min(0).nullish().meta({
        description: 'The schema_id that the operations were made for; if the table has another one, it is a conflict.',
      }),
    }),
  ])
  .meta({
    description:
      'Changes of columns: a list of operations, or an object with operations, allow_incompatible_changes and base_schema_id.',
  });
/** How a schema becomes another. */
export type SchemaUpdates = z.infer<typeof schemaUpdates>;
