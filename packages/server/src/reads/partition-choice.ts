import {
  canonicalJson,
  DeltacatError,
  EMPTY_SCHEME_ID,
  PARTITION_FILTER_FORM,
  PARTITIONS_CHOSEN_MAX,
  type PartitionChoices,
  type PartitionScheme,
  type PartitionValue,
  partitionChoices,
} from '@deltacat/contract';
import { type PartitionValueTexts, partitionValueTexts } from '@deltacat/io-core';
import type { Queries } from '../db/database.ts';
import { findPartitions, listPartitions, type PartitionFound, schemesById } from '../snapshots/partitions.ts';
import { narrowToValues } from './narrow.ts';
import type { ReadTarget } from './target.ts';

/** One partition as a reader names it. Where both are given, both must hold; a bare text may be either. */
interface Choice {
  id: string | null;
  values: PartitionValue[] | null;
  bare: boolean;
}

/** Reads which partitions are asked for; null when none are named. Throws `invalid_request`. */
export function readPartitionChoices(asked: unknown): PartitionChoices | null {
  if (asked === undefined || asked === null) return null;
  const parsed = partitionChoices.safeParse(asked);
  if (!parsed.success) throw unusable(`expected ${PARTITION_FILTER_FORM}`);
  const choices = parsed.data;
  if (choices.length === 0) throw unusable(`it names no partition; leave it out, or send ${PARTITION_FILTER_FORM}`);
  if (choices.length > PARTITIONS_CHOSEN_MAX) {
    throw unusable(`it has ${choices.length} items, at most ${PARTITIONS_CHOSEN_MAX} partition_id or partition_values`);
  }
  if (choices.map(readChoice).some(({ id, values }) => id === null && values === null)) {
    throw unusable('an item has neither partition_id nor partition_values');
  }
  return choices;
}

function readChoice(choice: PartitionChoices[number]): Choice {
  if (typeof choice !== 'object' || choice === null) {
    return { id: typeof choice === 'string' ? choice : null, values: [choice], bare: true };
  }
  return { id: choice.partition_id ?? null, values: choice.partition_values ?? null, bare: false };
}

/**
 * The partitions of a table that a reader names, and no others. A partition whose files do not say what its values are is
 * found by its id alone. Throws `invalid_request` for values that no partition of the table can have.
 */
export async function choosePartitions(
  queries: Queries,
  target: ReadTarget,
  asked: PartitionChoices,
): Promise<PartitionFound[]> {
  const choices = asked.map(readChoice);
  const ids = [...new Set(choices.flatMap(({ id }) => id ?? []))];
  const found = await findPartitions(queries, target.version.stream_id, ids);
  const byId = new Map(found.map((partition) => [partition.partition_id, partition]));
  const isByValues = ({ id, bare }: Choice) => id === null || (bare && !byId.has(id));
  const tuples = choices.filter(isByValues).flatMap(({ values }) => (values ? [values] : []));
  const listed = await listByValues(queries, target, tuples);
  const schemes = await schemesOf(queries, target, [...found, ...listed]);
  refuseMisfit(target, tuples, schemes);

  const textOf = textsBy(schemes, target);
  const wanted = new Set(tuples.flatMap((values) => [...schemes.keys()].flatMap((id) => textOf(id, values) ?? [])));
  const chosen = listed.filter((one) => wanted.has(textOf(one.scheme_id, one.partition_values) ?? ''));
  for (const { id, values, bare } of choices) {
    const one = byId.get(id ?? '');
    if (!one) continue;
    const text = textOf(one.scheme_id, one.partition_values);
    if (bare || values === null || (text !== null && text === textOf(one.scheme_id, values))) chosen.push(one);
  }
  return [...new Map(chosen.map((partition) => [partition.partition_id, partition])).values()];
}

/** The partitions that may have one of the values: looked up where the database can, all of them otherwise. */
async function listByValues(
  queries: Queries,
  { version, schema }: ReadTarget,
  tuples: PartitionValue[][],
): Promise<PartitionFound[]> {
  if (tuples.length === 0) return [];
  const scheme = version.partition_scheme;
  const fitting = tuples.filter((values) => values.length === scheme?.keys.length);
  const narrowed = scheme && narrowToValues(fitting, scheme, schema?.fields ?? []);
  return listPartitions(queries, version.stream_id, narrowed);
}

/** The schemes of some partitions and that of the table by their ids; earlier ones are looked up where there are any. */
async function schemesOf(
  queries: Queries,
  { version }: ReadTarget,
  partitions: PartitionFound[],
): Promise<Map<string, Keys>> {
  const scheme = version.partition_scheme ?? { id: EMPTY_SCHEME_ID, keys: [] };
  const current: [string, Keys] = [String(scheme.id), scheme];
  if (partitions.every(({ scheme_id }) => scheme_id === current[0])) return new Map([current]);
  const unpartitioned: [string, Keys] = [EMPTY_SCHEME_ID, { keys: [] }];
  return new Map([unpartitioned, ...(await schemesById(queries, version.table_version_id)).partition, current]);
}

type Keys = Pick<PartitionScheme, 'keys'>;

/** Texts by which partitions of any scheme are told apart; those without values have one where there are no keys. */
function textsBy(schemes: Map<string, Keys>, { schema }: ReadTarget) {
  const texts = new Map<string, PartitionValueTexts>();
  for (const [id, { keys }] of schemes) texts.set(id, partitionValueTexts({ keys }, schema?.fields ?? []));
  return (scheme_id: string, values: PartitionValue[] | null): string | null => {
    const isWhole = schemes.get(scheme_id)?.keys.length === 0;
    const text = texts.get(scheme_id)?.(isWhole ? (values ?? []) : values) ?? null;
    return text && `${scheme_id} ${text}`;
  };
}

function refuseMisfit({ asked, version }: ReadTarget, tuples: PartitionValue[][], schemes: Map<string, Keys>): void {
  const counts = new Set([...schemes.values()].map(({ keys }) => keys.length));
  const misfit = tuples.find(({ length }) => !counts.has(length));
  if (!misfit) return;
  const keys = version.partition_scheme?.keys ?? [];
  const names =
    keys.length === 0 ? 'no partition keys' : `the partition keys ${keys.map(({ key }) => key.join('+')).join(', ')}`;
  throw unusable(
    `${canonicalJson(misfit)} is the partition_id or the partition_values of no partition: table ` +
      `"${asked.namespace}.${asked.table}" has ${names}; send a value for each of them`,
  );
}

function unusable(problem: string): DeltacatError {
  return new DeltacatError('invalid_request', `The partition filter cannot be used: ${problem}.`);
}
