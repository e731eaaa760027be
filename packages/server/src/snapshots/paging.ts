import { createHash } from 'node:crypto';
import { canonicalJson, DeltacatError, type Page, parseJson, stringifyJson } from '@deltacat/contract';
import { z } from 'zod';
import type { ServerContext } from '../context.ts';
import { type Reading, viewOf } from './transactions.ts';
import type { View } from './view.ts';

/** The input of an operation that answers page by page. */
export interface ListingInput extends Reading {
  limit?: number | null | undefined;
  next_token?: string | null | undefined;
}

/** A page as it is asked for. */
export interface PageAsked<K> {
  /** The state that the listing is of: every page reads the one that the first page read. */
  view: View;
  /** The key of the last item of the page before; null for the first page. */
  after: K | null;
  /** How many items it has; null for all that are left. */
  limit: number | null;
  /** Tells this listing from every other: its operation, catalog and fields. */
  listing: string;
}

/**
 * Reads which page of a listing is asked for. A token holds the listing that it continues, the state, and the key after
 * which the page begins, so that pages neither skip nor repeat an item whatever is committed meanwhile. Throws
 * `invalid_request` for a token of another listing.
 */
export async function openPage<K>(
  context: ServerContext,
  asked: { op: string; input: ListingInput; key: z.ZodType<K> },
): Promise<PageAsked<K>> {
  const { op, input, key } = asked;
  const { limit, next_token, catalog: _, transaction_version: _version, ...fields } = input;
  const scope = await viewOf(context, input);
  const { committed_at_ns: _at, ...now } = scope.view;
  const listing = fingerprint([op, now.catalog_id, fields]);
  if (next_token === null || next_token === undefined) return { view: now, after: null, limit: limit ?? null, listing };
  const token = z.tuple([z.literal(listing), z.int().min(0).max(now.seq), key]).safeParse(decode(next_token));
  if (!token.success) throw foreignToken(op);
  const [, seq, after] = token.data;
  return { view: { ...now, seq }, after, limit: limit ?? null, listing };
}

/** How many rows to look for: one more than the page has tells whether there is another. Null for all. */
export function rowsWanted({ limit }: PageAsked<unknown>): number | null {
  return limit === null ? null : limit + 1;
}

/** Cuts the page out of the rows that were found for it, in the order of their keys, and makes the token of the next. */
export function closePage<T, K>(asked: PageAsked<K>, rows: T[], keyOf: (row: T) => K): Page<T[]> {
  const { limit, listing, view } = asked;
  if (limit === null || rows.length <= limit) return { answer: rows, next_token: null };
  const answer = rows.slice(0, limit);
  const last = answer.at(-1);
  return { answer, next_token: last === undefined ? null : encode([listing, view.seq, keyOf(last)]) };
}

const FINGERPRINT_LENGTH = 16;

function fingerprint(listing: unknown): string {
  return createHash('sha256').update(canonicalJson(listing)).digest('base64url').slice(0, FINGERPRINT_LENGTH);
}

function encode(token: unknown): string {
  return Buffer.from(stringifyJson(token)).toString('base64url');
}

function decode(text: string): unknown {
  try {
    return parseJson(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
}

function foreignToken(op: string): DeltacatError {
  return new DeltacatError(
    'invalid_request',
    `The next_token is not of this listing. Send what ${op} answered in the header x-deltacat-next-token, with the ` +
      'other fields as they were, or leave it out to begin anew.',
  );
}
