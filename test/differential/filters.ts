import type { Literal, Predicate } from '@deltacat/contract';
import type { Random } from '../../packages/server/src/testing/random.ts';
import { drawCell } from './pools.ts';
import { type Column, familyOf, literalOf } from './values.ts';

const COMPARISONS = ['eq', 'neq', 'gt', 'gte', 'lt', 'lte'] as const;

/** A filter over columns that compare; undefined where there are none. */
export function drawFilter(random: Random, columns: Column[], depth = 3): Predicate | undefined {
  const [first, ...others] = columns.filter(({ type }) => familyOf(type) !== 'nested');
  return first === undefined ? undefined : drawNode(random, [first, ...others], depth);
}

function drawNode(random: Random, columns: [Column, ...Column[]], depth: number): Predicate {
  const shape = depth === 0 ? 0 : random.below(8);
  const below = () => drawNode(random, columns, depth - 1);
  if (shape === 5) return { not: below() };
  if (shape === 6) return { and: [below(), below()] };
  if (shape === 7) return { or: [below(), below(), ...(random.below(3) === 0 ? [below()] : [])] };
  return drawLeaf(random, random.pick(columns));
}

function drawLeaf(random: Random, { name, type }: Column): Predicate {
  const draw = () => drawLiteral(random, type);
  const shape = random.below(9);
  if (shape === 0) return { is_null: name };
  if (shape === 1) return { between: [name, draw(), draw()] };
  if (shape === 2) return { in: [name, Array.from({ length: random.below(4) }, draw)] };
  return { [random.pick(COMPARISONS)]: [name, draw()] } as unknown as Predicate; // one of the comparisons
}

function drawLiteral(random: Random, type: string): Literal {
  if (random.below(12) === 0) return null;
  const literal = literalOf(drawCell(random, type), type);
  // JSON has no NaN and no infinities.
  return typeof literal === 'number' && !Number.isFinite(literal) ? 0 : literal;
}

/** The types of the columns that a filter compares with a value. */
export function comparedTypes(filter: Predicate, columns: Column[]): string[] {
  if ('and' in filter) return filter.and.flatMap((node) => comparedTypes(node, columns));
  if ('or' in filter) return filter.or.flatMap((node) => comparedTypes(node, columns));
  if ('not' in filter) return comparedTypes(filter.not, columns);
  if ('is_null' in filter) return [];
  const [name] = Object.values(filter)[0] as [string]; // every other node begins with its column
  return columns.filter((column) => column.name === name).map(({ type }) => type);
}
