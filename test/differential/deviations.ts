import { stringifyJson } from '@deltacat/contract';
import { comparedTypes } from './filters.ts';
import type { TableState } from './model.ts';
import type { ReadStep } from './story.ts';
import { familyOf, type Rows } from './values.ts';

/** Where a read is made, and of what files, as far as the official client behaves differently there. */
export interface Where {
  historic: boolean;
  in_transaction: boolean;
  formats: ReadonlySet<string>;
  merging: boolean;
}

interface Deviation {
  name: string;
  /** Why the official client cannot be asked. */
  because: string;
  holds(state: TableState, read: ReadStep, where: Where): boolean;
}

/** Reads that the official client cannot answer, each for a reason that the guide for Python users tells. */
const DEVIATIONS: Deviation[] = [
  {
    name: 'filters on times, dates, decimals and bytes',
    because: 'they are texts in JSON, which the official client hands to its engine as texts, which refuses them',
    holds: ({ columns }, { filter }) =>
      filter !== undefined &&
      comparedTypes(filter, columns).some((type) =>
        ['date', 'instant', 'time', 'decimal', 'bytes'].includes(familyOf(type)),
      ),
  },
  {
    name: 'filters on uint64',
    because: 'the official client compares them as 64 bits with a sign, and fails where a value or a literal is beyond',
    holds: ({ columns }, { filter }) => filter !== undefined && comparedTypes(filter, columns).includes('uint64'),
  },
  {
    name: 'rows older than a column that are merged, where the server does not rewrite',
    because:
      'the official client gives merged rows the columns and the types of their files; the server rewrites what is read now, unless the table forbids it, and nothing of the past or of a transaction',
    holds: ({ evolved, definition }, _, { historic, in_transaction, merging }) =>
      merging && evolved && (historic || in_transaction || definition.read_optimization_level === 'none'),
  },
  {
    name: 'text files older than a column, where the server does not rewrite',
    because:
      'the official client takes their columns for those of the table as it is now; rows of a table with merge keys that nothing merges yet are not rewritten either, because that would merge them',
    holds: ({ evolved, definition, columns }, _, { historic, in_transaction, formats, merging }) =>
      evolved &&
      ['csv', 'tsv', 'psv'].some((format) => formats.has(format)) &&
      (historic ||
        in_transaction ||
        definition.read_optimization_level === 'none' ||
        (!merging && columns.some(({ is_merge_key }) => is_merge_key))),
  },
  {
    name: 'text files that are merged',
    because:
      'the official client looks for names in files that have none, and passes its JSON reader an option that it lacks',
    holds: (_, __, { formats, merging }) =>
      merging && ['csv', 'tsv', 'psv', 'json'].some((format) => formats.has(format)),
  },
  {
    name: 'filters on files whose reader of the official client takes none',
    because: 'it passes them to the reader of a file, which fails, unless it merges',
    holds: (_, { filter }, { formats, merging }) =>
      filter !== undefined &&
      !merging &&
      ['csv', 'tsv', 'psv', 'json', 'feather', 'orc'].some((format) => formats.has(format)),
  },
  {
    name: 'Avro files that are merged',
    because: 'the official client gives merged rows the types of their files, and Avro has fewer of them',
    holds: (_, __, { formats, merging }) => merging && formats.has('avro'),
  },
  {
    name: 'lists without values, where rows are merged',
    because: 'the official client takes them for lists of nulls, which its engine compares with no other type',
    holds: (_, { filter }, { merging }) => merging && /"in":\["[^"]*",\[\]\]/.test(stringifyJson(filter ?? {})),
  },
  {
    name: 'lists of fractions that hold zero',
    because: 'its engine tells zero from negative zero there, though not in other comparisons',
    holds: ({ columns }, { filter }) =>
      filter !== undefined &&
      comparedTypes(filter, columns).some((type) => type === 'float' || type === 'double') &&
      /"in":\["[^"]*",\[(?:[^\]]*,)?-?0(?:\.0)?[,\]]/.test(stringifyJson(filter)),
  },
  {
    name: 'some columns of JSON files',
    because: 'the official client passes its JSON reader an option that it lacks',
    holds: (_, { columns }, { formats }) => columns !== undefined && formats.has('json'),
  },
];

/**
 * Whether both clients give the rows of a table in one order: the official one puts the files of a table that is sorted
 * downwards in upward order, and in a transaction it asks for no bounds to order them by.
 */
export function isOrderedAlike({ definition }: TableState, { in_transaction }: Where): boolean {
  const [first] = definition.sort_keys;
  return first === undefined || (first.sort_order !== 'descending' && !in_transaction);
}

/** The types that the official client reads otherwise, because its files have no such type. */
const READ_AS: [RegExp, string][] = [
  [/^timestamp\[s\]$/, 'timestamp[ms]'],
  [/^list<element:/, 'list<item:'],
];

/** Rows with the types that the official client reads them as. */
export function asRead({ columns, rows }: Rows): Rows {
  const readAs = (type: string) => READ_AS.reduce((known, [from, to]) => known.replace(from, to), type);
  return { columns: columns.map(({ name, type }) => ({ name, type: readAs(type) })), rows };
}

/** The name of the deviation for which the official client is not asked; null where it is. */
export function compareHere(state: TableState, read: ReadStep, where: Where): string | null {
  return DEVIATIONS.find(({ holds }) => holds(state, read, where))?.name ?? null;
}
