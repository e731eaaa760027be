import { z } from 'zod';
import type { ErrorCode } from './errors.ts';

/** An HTTP method of the API. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** The least role a caller needs; null for what everyone may do. */
export type Role = 'READER' | 'WRITER' | 'ADMIN' | null;

/** The named fields of one place of a request: path, query or body. */
export type Shape = z.core.$ZodShape;

/** One operation as it is declared: where it lives, what goes in and out, who may call it, how it may fail. */
export interface EndpointDeclaration<P extends Shape, Q extends Shape, B extends Shape, O extends z.ZodType> {
  /** The operation's name everywhere: handler, client method (camelCase), operation id. */
  op: string;
  method: Method;
  /** The route, with `{name}` for every field of `params`. */
  path: string;
  summary: string;
  params?: P;
  query?: Q;
  body?: B;
  output: O;
  /** Whether it answers page by page: the token of the next page travels in a header. Default false. */
  paged?: boolean;
  /** The status of success. Default 200. */
  status?: 200 | 201;
  /** The codes it may answer beside those that every endpoint may. */
  errors: readonly ErrorCode[];
  role: Role;
  /** The name of its MCP tool, where agents may call it. */
  tool?: string;
  /** Whether it may run inside a transaction. */
  transactional?: boolean;
  tag: string;
}

/** One operation: its declaration and the schema of its flat input (path, query and body fields together). */
export interface Endpoint<
  P extends Shape = Shape,
  Q extends Shape = Shape,
  B extends Shape = Shape,
  O extends z.ZodType = z.ZodType,
> extends EndpointDeclaration<P, Q, B, O> {
  params: P;
  query: Q;
  body: B;
  paged: boolean;
  status: 200 | 201;
  input: z.ZodObject<P & Q & B>;
}

/** Declares an operation once; routes, documents, clients and tools are made from it. */
export function endpoint<
  P extends Shape = Record<never, never>,
  Q extends Shape = Record<never, never>,
  B extends Shape = Record<never, never>,
  O extends z.ZodType = z.ZodType,
  Paged extends boolean = false,
>(declaration: EndpointDeclaration<P, Q, B, O> & { paged?: Paged }): Endpoint<P, Q, B, O> & { paged: Paged } {
  // An absent part is an empty shape, which is what the defaults of the type parameters say.
  const params = declaration.params ?? ({} as P);
  const query = declaration.query ?? ({} as Q);
  const body = declaration.body ?? ({} as B);
  const paged = (declaration.paged ?? false) as Paged; // left out, it is false by the type too
  const input = z.object({ ...params, ...query, ...body });
  return { status: 200, ...declaration, paged, params, query, body, input };
}

/** What a handler is given: parsed, with defaults filled in. */
export type InputOf<E extends { input: z.ZodType }> = z.output<E['input']>;
/** What a caller writes: defaults may be left out. */
export type ArgumentsOf<E extends { input: z.ZodType }> = z.input<E['input']>;
/** What a handler returns: defaults may be left out. */
export type AnswerOf<E extends { output: z.ZodType }> = z.input<E['output']>;
/** The response header with the token of the next page; absent after the last. */
export const NEXT_TOKEN_HEADER = 'x-deltacat-next-token';

/** A page as a handler returns it: the answer, and the token of the page after it, null after the last. */
export interface Page<T> {
  answer: T;
  next_token: string | null;
}

/** What a caller receives. */
export type OutputOf<E extends { output: z.ZodType }> = z.output<E['output']>;
