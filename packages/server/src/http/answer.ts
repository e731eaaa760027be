import { DeltacatError, type ErrorBody, stringifyJson } from '@deltacat/contract';
import { z } from 'zod';
import { type Exchange, logAnswer } from './exchange.ts';
import { refusalByMachine } from './refusal.ts';

/** How long a client should wait before it repeats a refused request. */
const RETRY_AFTER_SECONDS = 1;

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** A value as a JSON response; 64-bit integers stay bare integers. */
export function answerJson(value: unknown, status: number, headers: Record<string, string> = {}): Response {
  return new Response(stringifyJson(value), { status, headers: { ...JSON_TYPE, ...headers } });
}

/**
 * JSON text that is made while it is sent, no faster than its reader takes it. A failure before the first piece is thrown; a
 * later one breaks the connection, so that no part passes for the whole, and is told to `failed`. A reader that goes away
 * ends the work.
 */
export async function answerText(
  pieces: AsyncGenerator<string>,
  { headers, failed }: { headers: Record<string, string>; failed(error: unknown): void },
): Promise<Response> {
  const encoder = new TextEncoder();
  let next: IteratorResult<string> | null = await pieces.next();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const piece = next ?? (await pieces.next());
          next = null;
          if (piece.done) controller.close();
          else controller.enqueue(encoder.encode(piece.value));
        } catch (error) {
          failed(error);
          controller.error(error);
        }
      },
      async cancel() {
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { ...JSON_TYPE, ...headers } });
}

/**
 * Any error as a response. What is neither a refusal nor the machine's doing is a defect: it is logged whole and told as
 * 500 without its cause.
 */
export function answerError(error: unknown, exchange: Exchange): Response {
  const { request_id } = exchange.context;
  if (error instanceof InvalidInput) return answerInvalidInput(error, exchange);
  const refusal = error instanceof DeltacatError ? error : (refusalByMachine(error) ?? defect(request_id));
  const { code, message, retryable, details, status } = refusal;
  logAnswer(exchange, status, { code, error: refusal.status === 500 ? error : refusal });
  const body: ErrorBody = { error: { code, message, retryable, details, request_id }, detail: message };
  const wait: Record<string, string> =
    status === 503 || status === 429 ? { 'Retry-After': `${RETRY_AFTER_SECONDS}` } : {};
  return answerJson(body, status, { ...wait, 'X-Request-Id': request_id });
}

/** A request that does not fit its endpoint's schema, with every place where it does not. */
export class InvalidInput extends Error {
  readonly problems: { loc: (string | number)[]; msg: string; type: string }[];

  constructor(error: z.ZodError, place: (field: string) => string) {
    super(z.prettifyError(error));
    this.problems = error.issues.map(deepest).map((issue) => {
      const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
      return { loc: [place(String(path[0] ?? '')), ...path], msg: issue.message, type: issue.code };
    });
  }
}

/** Of what may be one of several things, the problem of the one that fits best: where the others went wrong says less. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code !== 'invalid_union' || issue.message !== 'Invalid input') return issue;
  const found = issue.errors.flatMap(([first]) => (first ? [deepest(first)] : []));
  const [best] = found.toSorted((a, b) => b.path.length - a.path.length);
  return best && best.path.length > 0 ? { ...best, path: [...issue.path, ...best.path] } : issue;
}

function answerInvalidInput(error: InvalidInput, exchange: Exchange): Response {
  const { request_id } = exchange.context;
  const [first] = error.problems;
  const more = error.problems.length > 1 ? ` (and ${error.problems.length - 1} more)` : '';
  const message = `${first?.loc.join('.') ?? 'request'}: ${first?.msg ?? 'does not fit'}${more}.`;
  const body: ErrorBody = {
    error: { code: 'invalid_input', message, retryable: false, details: { problems: error.problems }, request_id },
    detail: error.problems,
  };
  logAnswer(exchange, 422, { code: 'invalid_input', error });
  return answerJson(body, 422, { 'X-Request-Id': request_id });
}

function defect(request_id: string): DeltacatError {
  return new DeltacatError(
    'internal_server_error',
    `The server failed to serve the request. Its log holds the cause under request ${request_id}.`,
  );
}
