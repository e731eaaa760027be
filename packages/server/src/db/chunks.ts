/** How many rows or ids one statement names; below the parameter limits of both databases for every table here. */
const ITEMS_PER_STATEMENT_MAX = 500;

/** The items in runs that one statement can name each. */
export function* chunks<T>(items: readonly T[]): Generator<T[]> {
  for (let start = 0; start < items.length; start += ITEMS_PER_STATEMENT_MAX) {
    yield items.slice(start, start + ITEMS_PER_STATEMENT_MAX);
  }
}
