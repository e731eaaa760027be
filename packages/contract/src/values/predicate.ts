import { z } from 'zod';

/** How deep a predicate may nest. */
export const PREDICATE_DEPTH_MAX = 64;
/** How many nodes a predicate may have. */
export const PREDICATE_NODES_MAX = 10_000;

/** A value that a column is compared with. Times are ISO strings or counts in the column's unit; bytes are base64. */
export type Literal = string | number | bigint | boolean | null;

/** What rows to keep: a tree of comparisons with SQL's three-valued logic; only TRUE keeps a row. */
export type Predicate =
  | { eq: [string, Literal] }
  | { neq: [string, Literal] }
  | { gt: [string, Literal] }
  | { gte: [string, Literal] }
  | { lt: [string, Literal] }
  | { lte: [string, Literal] }
  | { in: [string, Literal[]] }
  | { between: [string, Literal, Literal] }
  | { is_null: string }
  | { and: Predicate[] }
  | { or: Predicate[] }
  | { not: Predicate };

/** The comparison operators that take a column and one value. */
export const COMPARISONS = ['eq', 'neq', 'gt', 'gte', 'lt', 'lte'] as const;
/** A comparison operator. */
export type Comparison = (typeof COMPARISONS)[number];

/**
 * Reads a predicate, or says in one sentence what is wrong with it and where. `{}` and null mean no filter.
 * The caller decides which error that is.
 */
export function parsePredicate(value: unknown): { predicate: Predicate | null } | { problem: string } {
  if (value === null || value === undefined) return { predicate: null };
  if (isObject(value) && Object.keys(value).length === 0) return { predicate: null };
  const problem = check(value, { at: 'filter', depth: 1, met: { nodes: 0 } });
  return problem === null ? { predicate: value as Predicate } : { problem };
}

/** The columns that a predicate names, each once. */
export function predicateColumns(predicate: Predicate): string[] {
  const found = new Set<string>();
  visit(predicate, (column) => found.add(column));
  return [...found];
}

/** The predicate as a schema, for documents; {@link parsePredicate} gives better reasons. */
export const predicateSchema = z.record(z.string(), z.unknown()).meta({
  description:
    'One operator per node: {"eq": ["col", value]}, neq, gt, gte, lt, lte; {"in": ["col", [values]]}; ' +
    '{"between": ["col", low, high]} (inclusive); {"is_null": "col"}; {"and": [..]}, {"or": [..]} (two or more); {"not": node}.',
});

/** Where in a predicate a node is: its path, its depth, and how many nodes were met so far. */
interface Place {
  at: string;
  depth: number;
  met: { nodes: number };
}

type Checker = (operand: unknown, place: Place) => string | null;

const CHECKERS: Record<string, Checker> = {
  ...Object.fromEntries(COMPARISONS.map((op) => [op, (operand, { at }) => checkComparison(operand, at, 1)] as const)),
  in: (operand, { at }) => checkIn(operand, at),
  between: (operand, { at }) => checkComparison(operand, at, 2),
  is_null: (operand, { at }) =>
    typeof operand === 'string' && operand !== ''
      ? null
      : `${at}: is_null takes a column name, such as {"is_null": "a"}`,
  and: checkList,
  or: checkList,
  not: (operand, { at, depth, met }) => check(operand, { at, depth: depth + 1, met }),
};

function check(node: unknown, { at, depth, met }: Place): string | null {
  if (depth > PREDICATE_DEPTH_MAX) return `${at}: nested deeper than ${PREDICATE_DEPTH_MAX} levels; flatten its and/or`;
  met.nodes += 1;
  if (met.nodes > PREDICATE_NODES_MAX) return `more than ${PREDICATE_NODES_MAX} nodes; use "in" for lists of values`;
  if (!isObject(node)) return `${at}: expected an object with one operator, got ${describe(node)}`;
  const keys = Object.keys(node);
  const [op] = keys;
  if (op === undefined || keys.length !== 1) return `${at}: expected exactly one operator, got ${keys.length}`;
  const checker = Object.hasOwn(CHECKERS, op) ? CHECKERS[op] : undefined;
  if (!checker) return `${at}: unknown operator "${op.slice(0, 40)}"; known: ${Object.keys(CHECKERS).join(', ')}`;
  return checker(node[op], { at: `${at}.${op}`, depth, met });
}

function checkComparison(operand: unknown, at: string, values: number): string | null {
  if (!Array.isArray(operand) || operand.length !== values + 1) {
    return `${at}: expected ["column"${', value'.repeat(values)}]`;
  }
  if (typeof operand[0] !== 'string' || operand[0] === '') return `${at}: the column name must be a non-empty string`;
  const wrong = operand.slice(1).find((value) => !isLiteral(value));
  return wrong === undefined ? null : `${at}: expected a string, number, boolean or null, got ${describe(wrong)}`;
}

function checkIn(operand: unknown, at: string): string | null {
  if (!Array.isArray(operand) || operand.length !== 2 || !Array.isArray(operand[1])) {
    return `${at}: expected ["column", [values]]`;
  }
  if (typeof operand[0] !== 'string' || operand[0] === '') return `${at}: the column name must be a non-empty string`;
  const wrong = operand[1].find((value) => !isLiteral(value));
  return wrong === undefined
    ? null
    : `${at}: a listed value is ${describe(wrong)}, not a string, number, boolean or null`;
}

function checkList(operand: unknown, { at, depth, met }: Place): string | null {
  if (!Array.isArray(operand) || operand.length < 2) return `${at}: expected a list of two or more nodes`;
  for (const [index, node] of operand.entries()) {
    const problem = check(node, { at: `${at}[${index}]`, depth: depth + 1, met });
    if (problem !== null) return problem;
  }
  return null;
}

function visit(node: Predicate, found: (column: string) => void): void {
  if ('and' in node) for (const child of node.and) visit(child, found);
  else if ('or' in node) for (const child of node.or) visit(child, found);
  else if ('not' in node) visit(node.not, found);
  else if ('is_null' in node) found(node.is_null);
  else found((Object.values(node)[0] as [string])[0]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLiteral(value: unknown): value is Literal {
  return value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
}
