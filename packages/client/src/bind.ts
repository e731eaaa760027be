import { API, type Api, DeltacatError, type Endpoint, type InputOf, type OperationName } from '@deltacat/contract';
import type { CallOptions } from './request.ts';
import type { OperationAnswer, OperationFields, PagedOperation } from './send.ts';
import type { Transaction } from './transaction.ts';

/** `create_table` as `createTable`. */
export type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

/** The transaction that a call belongs to, in place of the one in whose work it is made. */
type InTransaction<Op extends OperationName> = 'transaction_id' extends keyof InputOf<Api[Op]>
  ? { transaction?: Transaction | undefined }
  : unknown;

/** What is given to an operation: one flat object of all its fields, and the transaction that it belongs to. */
export type OperationArguments<Op extends OperationName> = OperationFields<Op> & InTransaction<Op>;

/** The arguments of a method: none are needed where every field may be left out. */
type Parameters<Op extends OperationName> =
  Record<never, never> extends OperationArguments<Op>
    ? [input?: OperationArguments<Op>, options?: CallOptions]
    : [input: OperationArguments<Op>, options?: CallOptions];

/** One method for each operation, by its name in camelCase. */
export type Operations<Ops extends OperationName = OperationName> = {
  [Op in Ops as CamelCase<Op>]: (...args: Parameters<Op>) => Promise<OperationAnswer<Op>>;
};

/** Calls an operation by its name. */
export type Call = <Op extends OperationName>(op: Op, ...args: Parameters<Op>) => Promise<OperationAnswer<Op>>;

/**
 * The pages of an operation, one after another, until there are no more; every page is of the state that the first one
 * read. `limit` says how large a page is.
 */
export async function* pagesOf<Op extends PagedOperation>(
  call: Call,
  op: Op,
  input: OperationArguments<Op>,
): AsyncGenerator<OperationAnswer<Op>> {
  const { paged = false }: Endpoint = API[op];
  if (!paged) throw new DeltacatError('invalid_input', `${op} does not come in pages. Call it by itself.`);
  let next_token: string | null | undefined;
  do {
    const asked = next_token ? { ...input, next_token } : input;
    // Arguments of this very operation, to which every paged operation adds the token.
    const page = await (call as (op: Op, input: unknown) => Promise<OperationAnswer<Op>>)(op, asked);
    yield page;
    ({ next_token } = page as { next_token: string | null }); // as all answers of paged operations have it
  } while (next_token !== null);
}

/** The methods of a list of operations. */
export function bind<Op extends OperationName>(call: Call, ops: readonly Op[]): Operations<Op> {
  const methods = ops.map((op) => [camelCase(op), (...args: Parameters<Op>) => call(op, ...args)]);
  return Object.fromEntries(methods) as Operations<Op>; // each name with its own operation, as the type says
}

/** `create_table` as `createTable`. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}
