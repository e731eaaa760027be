import { DeltacatError, type ErrorCode, type ErrorDetails, parseJson } from '@deltacat/contract';

/** What is known of a failed request beside its code and message. */
export interface RequestFailure {
  /** The HTTP status; 0 when no answer came. */
  status: number;
  retryable: boolean;
  details?: ErrorDetails;
  request_id?: string | null;
  cause?: unknown;
}

/**
 * A request that was refused or failed, as the server told it. The message says what happened, to which thing, and what
 * to do. A server newer than this client may use a `code` that the table of the contract lacks: it is kept as it came.
 */
export class RequestError extends DeltacatError {
  /** The id under which the server's log has this request; null when the answer had none. */
  readonly request_id: string | null;
  readonly #status: number;
  readonly #retryable: boolean;

  constructor(code: string, message: string, failure: RequestFailure) {
    // A code from a newer server is outside the union; code that compares it with known ones stays right.
    super(code as ErrorCode, message, { ...failure.details, cause: failure.cause });
    this.name = 'RequestError';
    this.request_id = failure.request_id ?? null;
    this.#status = failure.status;
    this.#retryable = failure.retryable;
  }

  /** The HTTP status of the answer; 0 when no answer came. */
  override get status(): number {
    return this.#status;
  }

  /** Whether the same request may succeed later, as the server said. */
  override get retryable(): boolean {
    return this.#retryable;
  }
}

/**
 * Another commit changed the same object first: read again, decide again, repeat, in a new transaction if it was in one.
 * It tells which commit won; `details` may have more.
 */
export class ConcurrentModificationError extends RequestError {
  constructor(message: string, failure: RequestFailure) {
    super('concurrent_modification', message, failure);
    this.name = 'ConcurrentModificationError';
  }

  /** The transaction that won, or `commit:` and the number of a commit that was none; null when it is not known. */
  get blocking_transaction_id(): string | null {
    return text(this.details.blocking_transaction_id);
  }

  /** The number of the commit that won; null when it is not known. */
  get seq(): number | null {
    return typeof this.details.seq === 'number' ? this.details.seq : null;
  }

  /** The transaction that lost, and is aborted; null for a change outside of transactions. */
  get transaction_id(): string | null {
    return text(this.details.transaction_id);
  }

  /** `retryable_stale_read` when a new attempt may succeed; null when the server does not tell. */
  get conflict_class(): string | null {
    return text(this.details.conflict_class);
  }
}

/**
 * No answer came: code `connection_failed` (refused, reset, no such host) or `timeout`, and `details.unreachable` is true.
 * `retryable` is false when the server may have done the request all the same and repeating it could do it twice.
 */
export class ConnectionError extends RequestError {
  constructor(code: 'connection_failed' | 'timeout', message: string, failure: Omit<RequestFailure, 'status'>) {
    super(code, message, { ...failure, status: 0, details: { unreachable: true, ...failure.details } });
    this.name = 'ConnectionError';
  }
}

/** An answer of the server, read to its end. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

/** Codes for answers that name none, such as those of a proxy in between. */
const CODES_BY_STATUS: Record<number, string> = {
  400: 'invalid_request',
  401: 'authentication_required',
  403: 'permission_denied',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'conflict',
  413: 'payload_too_large',
  422: 'invalid_input',
  423: 'locked',
  429: 'rate_limited',
  500: 'internal_server_error',
  503: 'service_unavailable',
  504: 'upstream_timeout',
};

const RETRYABLE_STATUSES = [423, 429, 502, 503, 504];
const EXCERPT_LENGTH_MAX = 200;

/** The error that an answer of status 300 or more stands for, whoever sent it. */
export function answerError(answer: Answer, request: string): RequestError {
  const { error, detail } = parseBody(answer.text);
  const code = text(error.code) ?? CODES_BY_STATUS[answer.status] ?? `http_${answer.status}`;
  const message = text(error.message) ?? text(detail) ?? describeForeign(answer, request);
  const failure: RequestFailure = {
    status: answer.status,
    retryable: typeof error.retryable === 'boolean' ? error.retryable : RETRYABLE_STATUSES.includes(answer.status),
    details: isRecord(error.details) ? error.details : {},
    request_id: text(error.request_id) ?? answer.headers.get('x-request-id'),
  };
  // What a request got wrong field by field is told in a list.
  if (Array.isArray(detail)) failure.details = { problems: detail, ...failure.details };
  if (code === 'concurrent_modification') return new ConcurrentModificationError(message, failure);
  return new RequestError(code, message, failure);
}

function parseBody(body: string): { error: Record<string, unknown>; detail: unknown } {
  try {
    const parsed = parseJson(body);
    if (isRecord(parsed)) return { error: isRecord(parsed.error) ? parsed.error : {}, detail: parsed.detail };
  } catch {
    // Not JSON: a proxy's page. The status says enough.
  }
  return { error: {}, detail: undefined };
}

function describeForeign({ status, headers, text: body }: Answer, request: string): string {
  const location = headers.get('location');
  if (status < 400 && location !== null) {
    return `${request} was redirected to ${location}; use that address, or allow follow_redirects.`;
  }
  const excerpt = body.replace(/\s+/g, ' ').trim().slice(0, EXCERPT_LENGTH_MAX);
  return `${request} was answered with status ${status}${excerpt && `: ${excerpt}`}`;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
