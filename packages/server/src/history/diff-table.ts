import { type Api, DeltacatError, type InputOf, keyText } from '@deltacat/contract';
import type { Handler, RequestContext } from '../context.ts';
import type { Queries } from '../db/database.ts';
import { closePage, openPage } from '../snapshots/paging.ts';
import { type FoundTable, findTableById, requireTableAt } from '../snapshots/tables.ts';
import { NO_TOTALS, totalsOf } from '../snapshots/totals.ts';
import { findVersionById, requireVersion, type Schema, schemaOf, type TableVersion } from '../snapshots/versions.ts';
import { type View, viewAt } from '../snapshots/view.ts';
import { differingFields, differingProperties, differingValues } from './diff-definition.ts';
import { listDifferingPartitions } from './diff-partitions.ts';

type Input = InputOf<Api['diff_table']>;

/** A table version at one of the two moments; null where it was not there. */
interface Moment {
  view: View;
  found: FoundTable | null;
  version: TableVersion | null;
  schema: Schema | null;
}

/** Tells how a table version differs between two moments, whatever its names were: its definition, totals and files. */
export const diffTable: Handler<'diff_table'> = async (context, input) => {
  const { reader } = context.db;
  const { to: as_of, ...fields } = input;
  const asked = await openPage(context, { op: 'diff_table', input: { ...fields, as_of }, key: keyText });
  const { earlier, later } = await readViews(context, asked.view, input);
  const found = await requireTableAt(reader, later, input);
  const version = await requireVersion(reader, later, { ...found, version: input.table_version });
  const { table_version_id } = version;
  const to = await readMoment(reader, later, { found, version });
  const from = await readMoment(reader, earlier, {
    found: await findTableById(reader, earlier, found.table.table_id),
    version: await findVersionById(reader, earlier, table_version_id),
  });
  const page = { after: asked.after, limit: input.limit + 1 };
  const between = { table_version_id, from_seq: earlier.seq, to_seq: later.seq };
  const partitions = await listDifferingPartitions(reader, between, page);
  const { answer, next_token } = closePage(asked, partitions, ({ partition_id }) => partition_id);
  const about = { table_id: found.table.table_id, table_version: version.version };
  const moments = { from: await tellMoment(reader, from), to: await tellMoment(reader, to) };
  return { answer: { ...about, ...moments, ...differingDefinition(from, to), partitions: answer }, next_token };
};

/** The states to compare. Throws `invalid_request` for moments that are missing, given twice, or the wrong way round. */
async function readViews(context: RequestContext, asked: View, input: Input): Promise<{ earlier: View; later: View }> {
  const { catalog_id } = asked;
  const from_seq = input.from_seq ?? null;
  const to_seq = input.to_seq ?? null;
  const isGiven = (value: unknown) => value !== null && value !== undefined;
  if (isGiven(input.from) === (from_seq !== null)) throw unusable('give one of from and from_seq');
  if (isGiven(input.to) && to_seq !== null)
    throw unusable('give one of to and to_seq, or neither for the newest state');
  const later = { catalog_id, seq: to_seq ?? asked.seq };
  if (later.seq > asked.seq) throw notYet(later.seq, asked.seq);
  const earlier =
    from_seq === null ? await viewAt(context, catalog_id, input.from ?? 0n) : { catalog_id, seq: from_seq };
  if (earlier.seq > later.seq)
    throw unusable(`from is commit ${earlier.seq}, which is later than to, commit ${later.seq}`);
  return { earlier, later };
}

function unusable(problem: string): DeltacatError {
  return new DeltacatError('invalid_request', `The two moments cannot be compared: ${problem}.`);
}

function notYet(seq: number, head: number): DeltacatError {
  const message = `There is no commit ${seq} yet; the newest is ${head}. Leave to_seq out for the newest state.`;
  return new DeltacatError('invalid_as_of', message, { seq: head });
}

async function readMoment(
  queries: Queries,
  view: View,
  at: { found: FoundTable | null; version: TableVersion | null },
): Promise<Moment> {
  // A version without its table, or whose namespace was dropped, shows nothing.
  const version = at.found && at.version;
  return { view, found: at.found, version, schema: version && (await schemaOf(queries, version)) };
}

async function tellMoment(queries: Queries, { view, found, version }: Moment) {
  const commit = await queries
    .selectFrom('commits')
    .select('committed_at_ns')
    .where('catalog_id', '=', view.catalog_id)
    .where('seq', '=', view.seq)
    .executeTakeFirst();
  return {
    ...{ seq: view.seq, committed_at_ns: commit?.committed_at_ns ?? null, exists: version !== null },
    ...{ namespace: found?.namespace.name ?? null, table: found?.table.name ?? null },
    ...(version ? await totalsOf(queries, view, version.table_version_id) : NO_TOTALS),
  };
}

function differingDefinition(from: Moment, to: Moment) {
  const tables = [from.found?.table ?? null, to.found?.table ?? null] as const;
  const versions = [from.version, to.version] as const;
  return {
    schema: differingFields(from.schema?.fields ?? [], to.schema?.fields ?? []),
    table_properties: differingProperties(tables[0]?.properties ?? {}, tables[1]?.properties ?? {}),
    table_version_properties: differingProperties(versions[0]?.properties ?? {}, versions[1]?.properties ?? {}),
    changed: [
      ...differingValues(tables, { description: 'table_description' }),
      ...differingValues(versions, {
        description: 'table_version_description',
        lifecycle_state: 'lifecycle_state',
        content_types: 'content_types',
        partition_scheme: 'partition_scheme',
        sort_scheme: 'sort_scheme',
      }),
    ],
  };
}
