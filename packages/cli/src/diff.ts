import type { OperationAnswer } from '@deltacat/client';
import { stringifyJson } from '@deltacat/contract';
import { Command } from 'commander';
import { type Moment, parseMoment, parseTable } from './arguments.ts';
import { type ConnectionOptions, withConnection } from './connection-options.ts';
import { print } from './print/standard-output.ts';
import { textTable } from './print/text-table.ts';
import { timeText } from './print/time.ts';
import { ROWS_SHOWN, type TableName } from './read-options.ts';

interface DiffOptions extends ConnectionOptions {
  from: Moment;
  to?: Moment;
  tableVersion?: string;
  json?: boolean;
}

/** How many partitions one request asks for. */
const PARTITIONS_PER_PAGE = 500;
const MOMENT = 'a commit as deltacat log numbers it, nanoseconds since 1970, or an ISO date';

/** `deltacat diff`: what differs between two moments of a table. */
export function diffCommand(): Command {
  const command = new Command('diff')
    .description('Tell how a table differs between two moments: definition, totals, and files by partition.')
    .argument('<namespace.table>', 'the table, by the name that it has at the later moment', parseTable)
    .requiredOption('--from <moment>', `the earlier moment: ${MOMENT}`, parseMoment)
    .option('--to <moment>', 'the later moment; the newest state when left out', parseMoment)
    .option('--table-version <version>', 'the table version; the latest active one when left out')
    .option('--json', 'print a JSON object with the definition and totals, then one per partition');
  return withConnection(command).action(diff);
}

type Difference = OperationAnswer<'diff_table'>;
type Partition = Difference['partitions'][number];

async function diff(table: TableName, options: DiffOptions): Promise<void> {
  const { connect } = await import('./connection.ts');
  await using client = connect(options);
  const { from, to, tableVersion } = options;
  const moments = { from: from.time, from_seq: from.seq, to: to?.time, to_seq: to?.seq };
  const asked = { ...table, ...moments, table_version: tableVersion, limit: PARTITIONS_PER_PAGE };
  let first: Difference | null = null;
  const partitions: Partition[] = [];
  for await (const page of client.catalog.pages('diff_table', asked)) {
    if (options.json) await printPage(page, first === null);
    first ??= page;
    for (const partition of page.partitions) partitions.push(partition);
    // A person looks at the first ones; more need not be asked for.
    if (!options.json && partitions.length > ROWS_SHOWN) break;
  }
  if (first && !options.json) await print(diffText(table, first, partitions));
}

async function printPage({ partitions, ...definition }: Difference, isFirst: boolean): Promise<void> {
  const lines = [...(isFirst ? [definition] : []), ...partitions].map((line) => stringifyJson(line));
  if (lines.length > 0) await print(lines.join('\n'));
}

function diffText(table: TableName, difference: Difference, partitions: Partition[]): string {
  const { from, to, table_version } = difference;
  const title = `${table.namespace}.${table.table}, version ${table_version}`;
  return [
    `${title}: ${momentText(from)} to ${momentText(to)}`,
    textTable(['what', 'from', 'to'], [...totalRows(difference), ...definitionRows(difference)]),
    ...(partitions.length > 0 ? ['', partitionText(partitions.slice(0, ROWS_SHOWN))] : []),
    ...(partitions.length > ROWS_SHOWN ? [`(first ${ROWS_SHOWN} partitions; --json shows all)`] : []),
  ].join('\n');
}

function momentText({ seq, committed_at_ns, exists }: Difference['from']): string {
  const when = committed_at_ns ? ` of ${timeText(committed_at_ns)}` : '';
  return `commit ${seq}${when}${exists ? '' : ' (not there yet)'}`;
}

function totalRows({ from, to }: Difference): unknown[][] {
  return [
    ['rows', from.total_records, to.total_records],
    ['files', from.total_files, to.total_files],
    ['bytes', from.total_bytes, to.total_bytes],
    ['deltas', from.delta_count, to.delta_count],
  ];
}

function definitionRows({ schema, table_properties, table_version_properties, changed }: Difference): unknown[][] {
  return [
    ...schema.added.map((field) => [`field ${field.name}`, null, field.type]),
    ...schema.removed.map((field) => [`field ${field.name}`, field.type, null]),
    ...schema.changed.map((field) => [`field ${field.to.name}`, stringifyJson(field.from), stringifyJson(field.to)]),
    ...propertyRows('table property', table_properties),
    ...propertyRows('version property', table_version_properties),
    ...changed.map(({ name, from, to }) => [name, from, to]),
  ];
}

function propertyRows(what: string, { added, removed, changed }: Difference['table_properties']): unknown[][] {
  return [
    ...Object.entries(added).map(([name, value]) => [`${what} ${name}`, null, value]),
    ...Object.entries(removed).map(([name, value]) => [`${what} ${name}`, value, null]),
    ...changed.map(({ name, from, to }) => [`${what} ${name}`, from, to]),
  ];
}

function partitionText(partitions: Partition[]): string {
  return textTable(
    ['partition', 'files came', 'files went', 'rows came', 'rows went'],
    partitions.map(({ partition_values, files_added, files_removed, records_added, records_removed }) => [
      ...[partition_values ? stringifyJson(partition_values) : '(whole table)', files_added, files_removed],
      ...[records_added, records_removed],
    ]),
  );
}
