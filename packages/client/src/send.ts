import {
  API,
  type Api,
  type ArgumentsOf,
  type DeltacatError,
  type Endpoint,
  type InputOf,
  NEXT_TOKEN_HEADER,
  type OperationName,
  type OutputOf,
  type Predicate,
  parseJson,
} from '@deltacat/contract';
import { RequestError } from './errors.ts';
import { type CallOptions, toRequest } from './request.ts';
import type { Transport } from './transport.ts';

/**
 * What a caller may write for a schema: fields with defaults may be left out, as in zod's input; fields that also accept
 * text, for queries, are narrowed to what that text stands for.
 */
type Given<In, Out> = unknown extends In ? Out : Narrowed<In, Out>;
type Narrowed<In, Out> = Out extends readonly (infer O)[]
  ? Extract<In, readonly unknown[]> extends readonly (infer I)[]
    ? Given<I, O>[]
    : Out
  : Out extends object
    ? GivenFields<Exclude<Extract<In, object>, readonly unknown[]>, Out>
    : Out;
type GivenFields<In, Out> = {
  [K in keyof In]: K extends 'filter_predicate'
    ? Predicate | null | undefined
    : K extends keyof Out
      ? Given<In[K], Out[K]>
      : In[K];
};

/** What is sent with an operation: one flat object of all its fields. */
export type OperationFields<Op extends OperationName> = GivenFields<ArgumentsOf<Api[Op]>, InputOf<Api[Op]>>;
/** An operation that answers page by page. */
export type PagedOperation = { [Op in OperationName]: Api[Op] extends { paged: true } ? Op : never }[OperationName];

/** What an operation answers; a page also has the token of the next one, which is null after the last. */
export type OperationAnswer<Op extends OperationName> = OutputOf<Api[Op]> &
  (Op extends PagedOperation ? { readonly next_token: string | null } : unknown);

/** Sends an operation by its name, and nothing else: what it belongs to is in its input. */
export type Send = <Op extends OperationName>(
  op: Op,
  input: OperationFields<Op>,
  options?: CallOptions,
) => Promise<OperationAnswer<Op>>;

/** What operations are sent with. */
export interface Sender {
  transport: Transport;
  /** The catalog of operations that name none. */
  catalog?: string | undefined;
}

/** Sends any operation of the contract: splits the input over the request, and checks the answer by the contract. */
export function sendWith({ transport, catalog }: Sender): Send {
  return async (op, input, options) => {
    // The table's rows are one shape each; what is done here is the same for all.
    const endpoint: Endpoint = API[op];
    const fields: Record<string, unknown> = { ...input };
    const { text, headers } = await transport.send(toRequest(endpoint, { fields, catalog, ...options }));
    const answer = readAnswer(endpoint, text);
    if (endpoint.paged) tellNext(answer, headers.get(NEXT_TOKEN_HEADER));
    return answer as OperationAnswer<typeof op>; // the output schema of this very operation
  };
}

/** The token is beside the items, not one of them: it is neither listed nor written out with them. */
function tellNext(answer: unknown, next_token: string | null): void {
  if (typeof answer === 'object' && answer !== null) Object.defineProperty(answer, 'next_token', { value: next_token });
}

function readAnswer(endpoint: Endpoint, text: string): unknown {
  let parsed: unknown;
  try {
    parsed = parseJson(text);
  } catch (cause) {
    throw unreadable(endpoint, { problem: 'is no JSON; is there a DeltaCAT server at this address?', cause });
  }
  const answer = endpoint.output.safeParse(parsed);
  if (answer.success) return answer.data;
  const [issue] = answer.error.issues;
  const problem = `has an unexpected ${issue?.path.join('.') || 'shape'}: ${issue?.message}`;
  throw unreadable(endpoint, { problem, cause: answer.error });
}

function unreadable(endpoint: Endpoint, { problem, cause }: { problem: string; cause: unknown }): DeltacatError {
  const message = `The answer to ${endpoint.op} ${problem}`;
  return new RequestError('invalid_answer', message, { status: endpoint.status, retryable: false, cause });
}
