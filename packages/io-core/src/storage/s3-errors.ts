import { DeltacatError } from '@deltacat/contract';

/** What is known where a request failed. */
export interface S3Request {
  path: string;
  store: string;
  /** Whether the keys came from a server, and not from the environment. */
  isVended: boolean;
}

/** A connection that went wrong in the middle of an answer; asking again may help. */
export class BrokenRead extends Error {}

const EXPIRED: ReadonlySet<string> = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
  'RequestExpired',
]);
const MISSING: ReadonlySet<string> = new Set(['NoSuchKey', 'NotFound']);
/** The names of errors that came without one. */
const UNNAMED = /^(UnknownError|Unknown|Error|\d*)$/;
const DENIED: ReadonlySet<string> = new Set([
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidToken',
  'Forbidden',
  'AllAccessDisabled',
  'AccountProblem',
  'RequestTimeTooSkewed',
  // What versitygw calls a key that it does not know.
  'XAdminUserNotFound',
]);
const NO_KEYS: ReadonlySet<string> = new Set(['CredentialsProviderError', 'TokenProviderError', 'ProviderError']);
const UNREACHABLE =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|HPE_|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/;

/** Whether keys have expired; a store that only says no is believed to mean it when their time is over. */
export function isExpired(error: unknown, isOver: boolean): boolean {
  const { name, status } = nameOf(error);
  return EXPIRED.has(name) || (isOver && status === 403);
}

/** Whether the store says no to whoever asks, be it for their keys or for what they may do. */
export function isDenied(error: unknown): boolean {
  const { name, status } = nameOf(error);
  return DENIED.has(name) || status === 401 || status === 403;
}

/** Whether the object is not there. */
export function isMissingObject(error: unknown): boolean {
  const { name, status } = nameOf(error);
  return MISSING.has(name) || (status === 404 && UNNAMED.test(name));
}

/** Whether the store answered by this status. */
export function hasStatus(error: unknown, status: number): boolean {
  return nameOf(error).status === status;
}

/** Whether an answer that broke off, or none, is worth asking again. */
export function isTransient(error: unknown): boolean {
  if (error instanceof BrokenRead) return true;
  const { name, code, status } = nameOf(error);
  return status >= 500 || UNREACHABLE.test(code) || name === 'TimeoutError' || name === 'AbortError';
}

/**
 * What an error of the SDK means: a `DeltacatError` that names the file and what to do. The SDK's own error is left
 * behind, because it holds the request, and with it the keys.
 */
export function explainS3(error: unknown, request: S3Request): unknown {
  if (error instanceof DeltacatError) return error;
  const { name, code, status, message } = nameOf(error);
  const { path, store } = request;
  const tell = (which: ConstructorParameters<typeof DeltacatError>[0], text: string) =>
    new DeltacatError(which, text, { path, reason: name });
  if (EXPIRED.has(name) || NO_KEYS.has(name) || isDenied(error)) {
    return tell('storage_denied', deniedMessage(name, request));
  }
  if (name === 'NoSuchBucket') return tell('not_found', `There is no file ${path}: ${store} has no such bucket.`);
  if (isMissingObject(error)) return tell('not_found', `There is no file ${path}.`);
  if (status === 412) {
    return tell('data_missing', `${path} was replaced by another file while it was read. Plan again and read that.`);
  }
  if (isTransient(error) || status === 429 || name === 'SlowDown') {
    return tell('service_unavailable', `${path} cannot be reached now: ${store} ${problemOf(error)}. Try again later.`);
  }
  if (status >= 300) {
    return tell('invalid_request', `${store} refused ${path} by ${name} (HTTP ${status}). ${hintOf(name)}`);
  }
  // A defect, or a source of bytes that failed: not ours to explain.
  return code === '' && name === 'Error' && message === '' ? tell('internal_server_error', `${path} failed.`) : error;
}

function deniedMessage(name: string, { path, store, isVended }: S3Request): string {
  if (NO_KEYS.has(name)) {
    return `No keys were found by which ${path} could be reached. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile, or let the server vend keys.`;
  }
  if (EXPIRED.has(name)) {
    const next = isVended ? 'Plan again, or open another write session, for new ones.' : 'Log in again.';
    return `The keys by which ${path} is reached have expired. ${next}`;
  }
  const whose = isVended ? 'the keys that the server vended' : 'the keys of this process';
  return `${store} denies access to ${path} by ${whose} (${name}). Let them read, write and list there, or use others; a store that does not let you list says the same of files that are missing.`;
}

function problemOf(error: unknown): string {
  const { name, code, status } = nameOf(error);
  if (error instanceof BrokenRead) return error.message;
  if (status >= 400) return `answers ${name} (HTTP ${status}) again and again`;
  return name === 'TimeoutError' ? 'does not answer in time' : `cannot be connected to (${code || name})`;
}

function hintOf(name: string): string {
  if (/Redirect|AuthorizationHeaderMalformed|IllegalLocation/.test(name)) return 'Check the region of its data root.';
  return 'Check its path, and the endpoint and region of its data root.';
}

interface Named {
  name: string;
  code: string;
  status: number;
  message: string;
}

function nameOf(error: unknown): Named {
  if (!(error instanceof Error)) return { name: String(error), code: '', status: 0, message: '' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const metadata: unknown = '$metadata' in error ? error.$metadata : undefined;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? Number(metadata.httpStatusCode)
      : 0;
  return { name: error.name, code, status: Number.isFinite(status) ? status : 0, message: error.message };
}
