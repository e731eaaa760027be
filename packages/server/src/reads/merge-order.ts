import type { ReadPlan, SchemaField } from '@deltacat/contract';

type SortKeys = NonNullable<NonNullable<ReadPlan['mor_plan']>['sort_keys']>;

/**
 * How rows of one key within one delta are ordered before the last one wins: by the fields with a merge order, else by
 * event time, so that the latest event wins. A merge order says which row comes first, that is wins, so readers sort the
 * other way round. Null when the order of the rows in their files decides.
 */
export function mergeSortKeys(fields: readonly SchemaField[]): SortKeys | null {
  const ordered = fields.flatMap(({ name, merge_order }) =>
    merge_order
      ? [{ key: [name], sort_order: INVERSE[merge_order.sort_order], null_order: merge_order.null_order }]
      : [],
  );
  if (ordered.length > 0) return ordered;
  const timed = fields.filter(({ is_event_time }) => is_event_time);
  if (timed.length === 0) return null;
  return timed.map(({ name }) => ({ key: [name], sort_order: 'ascending', null_order: 'at_end' }));
}

const INVERSE = { ascending: 'descending', descending: 'ascending' } as const;

/** How to merge, for people. */
export function mergeInstructions(mergeKeys: readonly string[], sortKeys: SortKeys | null): string {
  const ordered = sortKeys
    ? `, then ${sortKeys.map(({ key, sort_order }) => `${key.join(', ')} ${sort_order}`).join(', ')}`
    : '';
  const kept =
    mergeKeys.length > 0
      ? `Order the rows by stream_position${ordered}, and of the rows with equal (${mergeKeys.join(', ')}) keep the last.`
      : 'Keep the rows of the other tasks.';
  return (
    'Read each partition by itself, its tasks in the order given. ' +
    `${kept} A task of type delete removes the earlier rows that equal one of its rows in the columns of its ` +
    'entry_params.equality_field_locators, where null equals null. Filter and choose columns after that.'
  );
}
