import { type Comparison, DeltacatError, type Literal, type Predicate, type SchemaField } from '@deltacat/contract';
import { fieldType } from '../schema/schema.ts';
import { compareScalars, readScalar, type Scalar, type ScalarKind, scalarKind } from '../values/scalar.ts';

/** A predicate ready to be evaluated: literals in the form of their columns, `between` as two comparisons. */
export type Term =
  | { op: 'compare'; column: string; kind: ScalarKind; comparison: Comparison; value: Scalar | null }
  | { op: 'in'; column: string; kind: ScalarKind; values: Scalar[]; has_null: boolean }
  | { op: 'is_null'; column: string }
  | { op: 'and' | 'or'; terms: Term[] }
  | { op: 'not'; term: Term };

const TERM: unique symbol = Symbol('term');

/** A predicate that was checked against a schema: still readable as a predicate, and ready to be evaluated. */
export type BoundPredicate = Predicate & { readonly [TERM]: Term };

type Kinds = (column: string) => ScalarKind | null;

/**
 * Checks a predicate against a table's fields and turns its literals into values of their columns. Throws
 * `unknown_column`, or `invalid_predicate` when a literal does not fit its column.
 */
export function bindPredicate(predicate: Predicate, fields: readonly SchemaField[]): BoundPredicate {
  return { ...predicate, [TERM]: bindTerm(predicate, kindsOf(fields)) };
}

/** What evaluates a predicate: that of a bound one, or one bound now. */
export function termOf(predicate: Predicate | BoundPredicate, fields: readonly SchemaField[] = []): Term {
  return TERM in predicate ? predicate[TERM] : bindTerm(predicate, kindsOf(fields));
}

/**
 * The part of a predicate that speaks of the given columns alone, or null: those of its conjuncts that name no other.
 * Before a merge, rows and files may be dropped only by what all versions of a key agree on, its merge keys.
 */
export function conjunctsOver(predicate: Predicate, columns: ReadonlySet<string>): Predicate | null {
  const kept = conjuncts(predicate).filter((node) => namesOnly(node, columns));
  const [first] = kept;
  if (first === undefined) return null;
  return kept.length === 1 ? first : { and: kept };
}

function conjuncts(node: Predicate): Predicate[] {
  return 'and' in node ? node.and.flatMap(conjuncts) : [node];
}

function namesOnly(node: Predicate, columns: ReadonlySet<string>): boolean {
  if ('and' in node) return node.and.every((child) => namesOnly(child, columns));
  if ('or' in node) return node.or.every((child) => namesOnly(child, columns));
  if ('not' in node) return namesOnly(node.not, columns);
  return columns.has('is_null' in node ? node.is_null : operands(node)[0]);
}

function kindsOf(fields: readonly SchemaField[]): Kinds {
  const byName = new Map(fields.map((field) => [field.name, field]));
  const known = new Map<string, ScalarKind | null>();
  return (column) => {
    const kind = known.get(column);
    if (kind !== undefined) return kind;
    const field = byName.get(column);
    if (!field) throw unknownColumn(column, [...byName.keys()]);
    const found = scalarKind(fieldType(field));
    known.set(column, found);
    return found;
  };
}

function bindTerm(node: Predicate, kinds: Kinds): Term {
  if ('and' in node) return { op: 'and', terms: node.and.map((child) => bindTerm(child, kinds)) };
  if ('or' in node) return { op: 'or', terms: node.or.map((child) => bindTerm(child, kinds)) };
  if ('not' in node) return { op: 'not', term: bindTerm(node.not, kinds) };
  if ('is_null' in node) {
    kinds(node.is_null);
    return { op: 'is_null', column: node.is_null };
  }
  if ('in' in node) return bindIn(node.in, kinds);
  if ('between' in node) return bindBetween(node.between, kinds);
  const [comparison] = Object.keys(node) as [Comparison]; // What is left of the union has one comparison as its key.
  const [column, literal] = operands(node);
  return bindComparison({ comparison, column, literal: literal ?? null }, kinds);
}

function bindIn([column, literals]: [string, Literal[]], kinds: Kinds): Term {
  const kind = comparable(column, kinds);
  const present = literals.filter((literal) => literal !== null);
  const values = present.map((literal) => bindLiteral(kind, column, literal));
  // Sorted once, so that a row or a file costs a binary search whatever the length of the list.
  return { op: 'in', column, kind, values: values.sort(compareScalars), has_null: present.length < literals.length };
}

function bindBetween([column, low, high]: [string, Literal, Literal], kinds: Kinds): Term {
  const from = bindComparison({ comparison: 'gte', column, literal: low }, kinds);
  const to = bindComparison({ comparison: 'lte', column, literal: high }, kinds);
  return { op: 'and', terms: [from, to] };
}

function bindComparison(node: { comparison: Comparison; column: string; literal: Literal }, kinds: Kinds): Term {
  const { comparison, column, literal } = node;
  const kind = comparable(column, kinds);
  return {
    op: 'compare',
    column,
    kind,
    comparison,
    value: literal === null ? null : bindLiteral(kind, column, literal),
  };
}

function comparable(column: string, kinds: Kinds): ScalarKind {
  const kind = kinds(column);
  if (kind !== null) return kind;
  throw new DeltacatError(
    'invalid_predicate',
    `Column "${column}" holds values that do not compare; only {"is_null": "${column}"} applies to it.`,
  );
}

function bindLiteral(kind: ScalarKind, column: string, literal: Literal): Scalar {
  const value = typeof literal === 'number' && !Number.isFinite(literal) ? undefined : readScalar(kind, literal);
  if (value === undefined || (typeof value === 'string' && !value.isWellFormed())) {
    const shown = typeof literal === 'string' ? JSON.stringify(literal.slice(0, 60)) : String(literal);
    throw new DeltacatError(
      'invalid_predicate',
      `Column "${column}" compares with ${EXPECTED[kind.name]}, not with ${shown}.`,
      { column },
    );
  }
  return value;
}

const EXPECTED: Record<ScalarKind['name'], string> = {
  bool: 'true or false',
  string: 'text',
  float: 'a number',
  int: 'a number',
  decimal: 'a decimal number, best as text such as "12.50"',
  bytes: 'base64 text',
  date: 'an ISO date such as "2026-03-31"',
  time: 'a time of day such as "12:30:00"',
  timestamp: 'an ISO date and time such as "2026-03-31T12:30:00Z"',
  duration: "a whole number in the column's unit",
};

function operands(node: Predicate): [string, Literal?] {
  // Every operator but and, or, not, is_null has a list that begins with the column.
  return Object.values(node)[0] as [string, Literal?];
}

function unknownColumn(column: string, known: string[]): DeltacatError {
  const shown = known.slice(0, 20).join(', ') + (known.length > 20 ? ', …' : '');
  return new DeltacatError('unknown_column', `The filter names column "${column}"; the table has ${shown}.`, {
    column,
  });
}
