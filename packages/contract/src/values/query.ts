import { z } from 'zod';
import { parseJson } from './json.ts';
import { catalogName } from './names.ts';
import { count, nanoseconds } from './numbers.ts';
import { keyText } from './text.ts';

/** A boolean that may arrive as the text `true` or `false`, as in a query string. */
export const flag = z.preprocess(
  (value) => (value === 'true' || value === 'True' ? true : value === 'false' || value === 'False' ? false : value),
  z.boolean(),
);

/** A count that may arrive as decimal text, as in a query string. */
export const whole = z.preprocess(fromDigits, count);

function fromDigits(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
}

/** A list that may arrive as JSON text, as in a query string. */
export function listText<T extends z.ZodType>(item: T) {
  return z.preprocess(fromText, z.array(item));
}

/** Reads JSON text; text that is no JSON stays text, so that the schema behind it can say what it wanted. */
export function fromText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return parseJson(value);
  } catch {
    return value;
  }
}

/** The catalog of a request. */
export const inCatalog = { catalog: catalogName.nullish() };

/** The transaction of a request: its reads see what the transaction wrote. */
export const inTransaction = {
  transaction_id: z.string().max(255).nullish().meta({ description: 'The transaction that the call belongs to.' }),
  transaction_version: whole.nullish().meta({ description: 'The transaction version last seen.' }),
};

/** Query fields of every read. */
export const reading = { ...inCatalog, ...inTransaction };

/** The moment of a read. */
export const atTime = {
  as_of: nanoseconds.nullish().meta({ description: 'Read the state of that time, in nanoseconds since 1970.' }),
};

/** The most items of one page. */
export const PAGE_ITEMS_MAX = 10_000;
/** How many items a page has where nothing says how many. */
export const PAGE_ITEMS_DEFAULT = 100;

const PAGE_EXPECTED = `expected a whole number from 1 to ${PAGE_ITEMS_MAX}`;
const pageSize = z.preprocess(
  fromDigits,
  z.int(PAGE_EXPECTED).min(1, PAGE_EXPECTED).max(PAGE_ITEMS_MAX, PAGE_EXPECTED),
);
const nextToken = {
  next_token: z
    .string()
    .max(65_536)
    .nullish()
    .meta({
      description:
        'Where the page before ended, from its header x-deltacat-next-token: the next page of the same state. ' +
        'Repeat the other fields as they were.',
    }),
};

/** Query fields of a listing that is whole unless its caller asks for pages. */
export const pagingOnDemand = {
  limit: pageSize.nullish().meta({ description: 'How many items a page has; all when left out.' }),
  ...nextToken,
};

/** Query fields of a listing that always comes in pages. */
export const paging = {
  limit: pageSize.default(PAGE_ITEMS_DEFAULT).meta({ description: 'How many items a page has.' }),
  ...nextToken,
};

/** The longest operation id. */
export const OPERATION_ID_LENGTH_MAX = 255;

const operationId = keyText.min(1).max(OPERATION_ID_LENGTH_MAX);

/** An id chosen by the caller: the same id with the same payload is done once and answered alike. */
export const operation = {
  operation_id: operationId.nullish().meta({
    description: 'An id of your choice: a repeated call with it is done once and answered alike.',
  }),
};

/** Query fields of every change. */
export const changing = { ...reading, ...operation };

/** Fields of the answer to every change: where in the catalog's history it stands. */
export const changed = {
  seq: z.int().nullish().meta({ description: "The commit's number in its catalog." }),
  committed_at_ns: nanoseconds.nullish().meta({
    description: 'When it was committed, in nanoseconds since 1970; usable as `as_of`.',
  }),
  transaction_id: z.string().nullish(),
  transaction_version: z.int().nullish(),
};
