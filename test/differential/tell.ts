import type { ContentType } from '@deltacat/contract';
import { type Random, seededRandom } from '../../packages/server/src/testing/random.ts';
import { drawFilter } from './filters.ts';
import { carries, FORMATS } from './formats.ts';
import { emptyTable, mergeKeys, type TableState } from './model.ts';
import { drawCell, drawNullable, KEY_TYPES, POOLS } from './pools.ts';
import { nextState } from './states.ts';
import type {
  Actor,
  Mode,
  PartitionKey,
  ReadStep,
  SortKey,
  Step,
  Story,
  TableColumn,
  TableDefinition,
  WriteStep,
} from './story.ts';
import { transformed } from './transforms.ts';
import { type Cell, familyOf } from './values.ts';

/** What is told so far. */
interface Telling {
  random: Random;
  formats: ContentType[];
  /** The state after each step. */
  states: TableState[];
  /** Key cells that were written, so that later writes meet them. */
  seen: Cell[][];
}

const WIDER: Record<string, string> = { int8: 'int16', int16: 'int32', int32: 'int64', float: 'double' };
const TYPES = Object.keys(POOLS) as [string, ...string[]];

/** A table and what happens to it, by chance; the same seed tells the same. */
export function tellStory(seed: number): Story {
  const random = seededRandom(seed);
  const table = drawTable(random);
  const telling: Telling = { random, formats: drawFormats(random, table), states: [emptyTable(table)], seen: [] };
  const steps: Story['steps'] = [];
  const tell = (step: Step) => {
    steps.push({ number: steps.length + 1, step });
    telling.states.push(nextState(telling.states, step));
  };
  const changes = 2 + random.below(7);
  for (let change = 0; change < changes; change += 1) {
    tell(drawChange(telling));
    for (let reads = random.below(3); reads > 0; reads -= 1) tell(drawRead(telling, drawMoment(telling)));
  }
  tell({ do: 'read' });
  tell(drawRead(telling, drawMoment(telling)));
  return { seed, table, steps };
}

function drawTable(random: Random): TableDefinition {
  const keys = random.pick([0, 0, 1, 1, 1, 2, 3]);
  const nullable = random.below(3) === 0;
  const columns: TableColumn[] = [];
  for (let index = 0; index < keys; index += 1) {
    const type = random.pick(KEY_TYPES);
    columns.push({ name: `k${index}`, type, is_merge_key: true, ...(nullable ? {} : { nullable: false }) });
  }
  const others = 1 + random.below(4);
  for (let index = 0; index < others; index += 1) columns.push({ name: `c${index}`, type: random.pick(TYPES) });
  if (keys > 0 && random.below(5) === 0) columns.push(drawDecider(random));
  const partition_keys = random.below(5) < 2 ? drawPartitionKeys(random, columns) : [];
  const sort_keys = random.below(4) === 0 ? drawSortKeys(random, columns) : [];
  return { columns, partition_keys, sort_keys, read_optimization_level: random.pick([null, 'none']) };
}

/** A column that decides between rows of one key in one delta. */
function drawDecider(random: Random): TableColumn {
  if (random.below(2) === 0) return { name: 'at', type: 'int64', is_event_time: true };
  const sort_order = random.pick(['ascending', 'descending'] as const);
  return {
    name: 'rank',
    type: random.pick(['int32', 'string', 'double']),
    merge_order: { sort_order, null_order: 'at_end' },
  };
}

const TRANSFORMS: Partial<Record<string, [string, ...string[]]>> = {
  int: ['identity', 'bucket(3)', 'truncate(10)'],
  text: ['identity', 'bucket(4)', 'truncate(1)'],
  bool: ['identity'],
  // The official client fails to send a date as it is.
  date: ['year', 'month', 'day'],
  instant: ['year', 'month', 'day', 'hour'],
};

function drawPartitionKeys(random: Random, columns: TableColumn[]): PartitionKey[] {
  const keyed = columns.filter(({ is_merge_key }) => is_merge_key);
  const from = keyed.length > 0 && random.below(4) > 0 ? keyed : columns;
  const found = from.flatMap(({ name, type }) => {
    // The official client fails to partition by the largest of them.
    const transforms = type === 'uint64' ? undefined : TRANSFORMS[familyOf(type)];
    return transforms === undefined ? [] : [{ column: name, transform: random.pick(transforms) }];
  });
  return found.slice(0, 1 + random.below(2));
}

function drawSortKeys(random: Random, columns: TableColumn[]): SortKey[] {
  const found = columns.filter(({ type }) => !['nested', 'bytes', 'bool'].includes(familyOf(type))).toReversed();
  return found.slice(0, 1 + random.below(2)).map(({ name }) => ({
    column: name,
    sort_order: random.pick(['ascending', 'descending'] as const),
    null_order: 'at_end',
  }));
}

/** Half of the tables have files of one format, the others of several. */
function drawFormats(random: Random, { columns }: TableDefinition): ContentType[] {
  if (random.below(2) === 0) return ['parquet'];
  return (Object.keys(FORMATS) as ContentType[]).filter((format) => {
    const support = FORMATS[format];
    // In a column of text files that is alone, a null is an empty line, which the official client skips.
    if (support?.is_text && columns.length === 1) return false;
    return support?.typescript_reads && columns.every(({ type }) => carries(support, type));
  });
}

function drawChange(telling: Telling): Step {
  const { random, states } = telling;
  const state = stateOf(telling);
  const chance = random.below(100);
  if (chance < 4) return { do: 'truncate' };
  if (chance < 9) return { do: 'rollback', to_step: random.below(states.length) };
  if (chance < 17) return { do: 'add_column', column: drawFurther(random, state) };
  const widening = chance < 25 ? drawWidening(random, state) : undefined;
  if (widening !== undefined) return widening;
  if (chance < 37) return drawTransaction(telling);
  return drawWrite(telling, random.pick(['typescript', 'python']));
}

function stateOf({ states }: Telling): TableState {
  const state = states.at(-1);
  if (state === undefined) throw new Error('a story begins with a state');
  return state;
}

function drawFurther(random: Random, { columns }: TableState): TableColumn {
  const type = random.pick(['int64', 'string', 'double', 'bool', 'int32', 'date32[day]'] as const);
  const value = () => (type === 'double' ? '1.5' : drawCell(random, type));
  return {
    name: `n${columns.length}`,
    type,
    ...(random.below(2) === 0 ? { past_default: value() } : {}),
    ...(random.below(3) === 0 ? { future_default: value() } : {}),
  };
}

function drawWidening(random: Random, { columns, definition }: TableState): Step | undefined {
  const fixed = new Set([...definition.partition_keys, ...definition.sort_keys].map(({ column }) => column));
  const found = columns.flatMap(({ name, type, is_merge_key, merge_order }) => {
    const wider = WIDER[type];
    return wider === undefined || is_merge_key || merge_order || fixed.has(name) ? [] : [{ name, wider }];
  });
  const [first, ...others] = found;
  if (first === undefined) return undefined;
  const { name, wider } = random.pick([first, ...others]);
  return { do: 'widen', column: name, type: wider };
}

function drawTransaction(telling: Telling): Step {
  const { random } = telling;
  const by = random.pick(['typescript', 'python'] as const);
  const inner: Telling = { ...telling, states: [...telling.states] };
  const steps: (WriteStep | ReadStep)[] = [];
  for (let count = 1 + random.below(3); count > 0; count -= 1) {
    const write = drawWrite(inner, by);
    const read = drawRead(inner, null);
    for (const step of [write, read]) {
      steps.push(step);
      inner.states.push(nextState(inner.states, step));
    }
  }
  return { do: 'transaction', by, commit: random.below(4) > 0, steps };
}

function drawWrite(telling: Telling, by: Actor): WriteStep {
  const { random, seen } = telling;
  const state = stateOf(telling);
  const known = new Set(state.columns.map(({ name }) => name));
  const mode = drawMode(random, state);
  const format = drawFormat(telling, { by, mode });
  const columns = drawColumns(random, { state, mode, format });
  const keys = mergeKeys(state);
  // The official client cannot read the text files that it writes of no rows.
  const least = format === 'parquet' ? 0 : 1;
  const count = Math.max(least, random.below(20) === 0 ? 60 : random.below(9));
  const rows = Array.from({ length: count }, () => {
    const again = random.below(2) === 0 && seen.length > 0 ? seen[random.below(seen.length)] : undefined;
    return columns.map((column) => {
      const met = again?.[keys.indexOf(column.name)];
      if (met !== undefined) return met;
      const further = known.has(column.name) ? column : { ...column, nullable: false };
      return fitting(drawFor(random, further), { format, by, type: column.type });
    });
  });
  for (const row of rows) {
    seen.push(keys.map((key) => row[columns.findIndex(({ name }) => name === key)] ?? null));
  }
  return {
    do: 'write',
    by,
    mode,
    format,
    rows: { columns: columns.map(({ name, type }) => ({ name, type })), rows },
    form: random.pick(['objects', 'columns'] as const),
  };
}

function drawMode(random: Random, state: TableState): Mode {
  const keyed = mergeKeys(state).length > 0;
  const modes: [Mode, ...Mode[]] = keyed
    ? ['auto', 'merge', 'merge', 'merge', 'delete', 'delete', 'replace']
    : ['auto', 'add', 'append', 'append', 'replace'];
  if (keyed && random.below(8) === 0) return random.pick(['add', 'append']);
  if (state.definition.partition_keys.length > 0 && random.below(6) === 0) return 'replace_partition';
  return random.pick(modes);
}

function drawFormat({ random, formats }: Telling, { by, mode }: { by: Actor; mode: Mode }): ContentType {
  // Where it may have to make the table, the TypeScript client types plain values before it knows the table's columns.
  const mustTell = mode === 'delete' || (mode === 'auto' && by === 'typescript');
  const able = formats.filter((format) => FORMATS[format]?.writes.includes(by) && (!mustTell || format === 'parquet'));
  const [first = 'parquet', ...others] = able;
  return random.pick([first, ...others]);
}

/** The columns that a write brings: all, some, the key columns alone, or more than the table has. */
function drawColumns(
  random: Random,
  { state, mode, format }: { state: TableState; mode: Mode; format: ContentType },
): TableColumn[] {
  const { columns, definition } = state;
  const needed = new Set([
    ...mergeKeys(state),
    ...[...definition.partition_keys, ...definition.sort_keys].map(({ column }) => column),
  ]);
  if (mode === 'delete') return columns.filter(({ name }) => needed.has(name));
  const chance = random.below(10);
  if (chance === 0) {
    const some = columns.filter(({ name, merge_order }) => needed.has(name) || merge_order || random.below(3) > 0);
    return some.length > 0 ? some : columns;
  }
  if (chance === 1 && format === 'parquet') {
    return [...columns, { name: `w${columns.length}`, type: random.pick(['int64', 'string']) }];
  }
  return columns;
}

function drawFor(random: Random, { type, is_merge_key, nullable = true }: TableColumn): Cell {
  if (!nullable) return drawCell(random, type);
  const cell = drawNullable(random, type);
  // The official client takes null and the empty text for one key.
  return is_merge_key && cell === '' ? 'a' : cell;
}

/** A cell that the format carries, and the writer can write. */
function fitting(cell: Cell, { format, by, type }: { format: ContentType; by: Actor; type: string }): Cell {
  // JSON has no such numbers, and the official client sends the bounds of what it wrote as JSON.
  if ((by === 'python' || format === 'json') && (cell === 'Infinity' || cell === 'NaN')) return '1.5';
  if (!FORMATS[format]?.is_text || familyOf(type) !== 'text') return cell;
  return cell === null || cell === '' || cell === 'null' ? 'x' : cell;
}

function drawMoment({ random, states }: Telling): number | null {
  return random.below(6) === 0 ? random.below(states.length) : null;
}

function drawRead(telling: Telling, as_of_step: number | null): ReadStep {
  const { random, states } = telling;
  const state = (as_of_step === null ? undefined : states[as_of_step]) ?? stateOf(telling);
  const read: ReadStep = { do: 'read', ...(as_of_step === null ? {} : { as_of_step }) };
  if (random.below(3) === 0) {
    const names = state.columns.map(({ name }) => name).filter(() => random.below(2) === 0);
    if (names.length > 0) read.columns = random.below(2) === 0 ? names : names.toReversed();
  }
  const filter = random.below(2) === 0 ? drawFilter(random, state.columns) : undefined;
  if (filter !== undefined) read.filter = filter;
  if (state.definition.partition_keys.length > 0 && random.below(4) === 0)
    read.partitions = drawPartitions(random, state);
  return read;
}

function drawPartitions(random: Random, { definition, columns, partitions }: TableState): Cell[][] {
  const known = [...partitions.values()].map(({ values }) => values).filter(() => random.below(2) === 0);
  if (known.length > 0) return known;
  return [
    definition.partition_keys.map(({ column, transform }) => {
      const type = columns.find(({ name }) => name === column)?.type ?? 'int64';
      return transformed(drawCell(random, type), type, transform);
    }),
  ];
}
