/**
 * Every error code: its HTTP status, whether the same request may succeed later, and what it means.
 * docs/errors.md is written from this table.
 */
export const ERRORS = {
  invalid_request: {
    status: 400,
    retryable: false,
    meaning: 'The request contradicts itself or the state of the server cannot serve it.',
  },
  invalid_json: { status: 400, retryable: false, meaning: 'The body is not JSON.' },
  invalid_predicate: {
    status: 400,
    retryable: false,
    meaning: 'The filter is malformed, too deep, or compares a column with a value of another type.',
  },
  unknown_column: { status: 400, retryable: false, meaning: 'The table has no column of that name.' },
  invalid_schema: {
    status: 400,
    retryable: false,
    meaning: 'The schema, partition scheme or sort scheme cannot be used.',
  },
  schema_mismatch: { status: 400, retryable: false, meaning: 'The data does not fit the schema of its table.' },
  invalid_entry: {
    status: 400,
    retryable: false,
    meaning: 'A file handed over does not exist, or is not what its entry says.',
  },
  entry_outside_session: {
    status: 400,
    retryable: false,
    meaning: 'A file lies outside the folder of its write session.',
  },
  merge_keys_required: {
    status: 400,
    retryable: false,
    meaning: 'The write mode needs merge keys and the table has none.',
  },
  invalid_as_of: {
    status: 400,
    retryable: false,
    meaning: 'The time lies in the future or before the object existed.',
  },
  read_only_transaction: {
    status: 400,
    retryable: false,
    meaning: 'The transaction reads an earlier time; nothing can be changed in it.',
  },
  not_transactional: {
    status: 400,
    retryable: false,
    meaning: 'The operation cannot be a part of a transaction.',
  },
  not_supported: { status: 400, retryable: false, meaning: 'The server knows of this but cannot do it.' },
  storage_denied: {
    status: 403,
    retryable: false,
    meaning: 'The store of the data files refuses access: its keys are missing, wrong, expired, or may not do this.',
  },
  catalog_not_found: { status: 404, retryable: false, meaning: 'No catalog of that name.' },
  namespace_not_found: { status: 404, retryable: false, meaning: 'No namespace of that name.' },
  table_not_found: { status: 404, retryable: false, meaning: 'No table of that name.' },
  table_version_not_found: { status: 404, retryable: false, meaning: 'The table has no such version.' },
  write_session_not_found: { status: 404, retryable: false, meaning: 'No write session of that id.' },
  transaction_not_found: { status: 404, retryable: false, meaning: 'No transaction of that id.' },
  job_not_found: { status: 404, retryable: false, meaning: 'No job of that id.' },
  not_found: { status: 404, retryable: false, meaning: 'No such route or object.' },
  method_not_allowed: { status: 405, retryable: false, meaning: 'The route exists, but not for that method.' },
  name_taken: { status: 409, retryable: false, meaning: 'Something of that name exists already.' },
  job_failed: { status: 409, retryable: false, meaning: 'The job ended without having done its work.' },
  job_not_finished: { status: 409, retryable: true, meaning: 'The job has not ended yet; it goes on.' },
  purged: {
    status: 409,
    retryable: false,
    meaning: 'It was dropped for good; its data may be gone, so it cannot come back.',
  },
  concurrent_modification: {
    status: 409,
    retryable: true,
    meaning: 'Another commit changed the same object first; read again and repeat.',
  },
  transaction_closed: {
    status: 409,
    retryable: false,
    meaning: 'The transaction is committed, aborted or expired.',
  },
  transaction_version_mismatch: {
    status: 409,
    retryable: false,
    meaning: 'The transaction changed since the version that was sent.',
  },
  session_version_mismatch: {
    status: 409,
    retryable: false,
    meaning: 'The write session changed since the version that was sent.',
  },
  write_session_closed: {
    status: 409,
    retryable: false,
    meaning: 'The write session is committed, aborted or expired.',
  },
  operation_id_reused: {
    status: 409,
    retryable: false,
    meaning: 'The operation id was used before with another payload.',
  },
  merge_unsupported_by_client: {
    status: 409,
    retryable: false,
    meaning: 'The reader cannot merge, and the server cannot merge these files for it.',
  },
  data_missing: { status: 409, retryable: false, meaning: 'A data file of the table is gone from storage.' },
  payload_too_large: { status: 413, retryable: false, meaning: 'The body or the number of rows exceeds a limit.' },
  invalid_input: { status: 422, retryable: false, meaning: 'The request does not fit the schema of its endpoint.' },
  internal_server_error: {
    status: 500,
    retryable: false,
    meaning: 'A defect of the server; the log holds the cause under the request id.',
  },
  service_unavailable: {
    status: 503,
    retryable: true,
    meaning: 'The machine of the server cannot do it now, as when a disk is full; mend that, or repeat later.',
  },
} as const satisfies Record<string, { status: number; retryable: boolean; meaning: string }>;

/** The code of an error. */
export type ErrorCode = keyof typeof ERRORS;

/** Further facts of an error, for programs. */
export type ErrorDetails = Record<string, unknown>;

/** The body of every error answer. `detail` repeats the message for older clients; for `invalid_input` it is a list. */
export interface ErrorBody {
  error: { code: string; message: string; retryable: boolean; details: ErrorDetails; request_id?: string };
  detail: unknown;
}

/**
 * What everything here throws when a request cannot be served: a code from the table, and a message that says what
 * happened, to which thing, and what to do.
 */
export class DeltacatError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, { cause, ...details }: ErrorDetails & { cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DeltacatError';
    this.code = code;
    this.details = details;
  }

  /** The HTTP status of the code. */
  get status(): number {
    return ERRORS[this.code].status;
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}
