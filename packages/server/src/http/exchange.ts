import type { Context } from 'hono';
import type { RequestContext, ServerContext } from '../context.ts';

/** A request from its arrival to its answer. */
export interface Exchange {
  context: RequestContext;
  method: string;
  path: string;
  /** When it came, where the log wants to know. */
  came_ms: number | null;
}

/** Begins an exchange: gives the request its id. */
export function beginExchange(c: Context, server: ServerContext): Exchange {
  const context = {
    ...server,
    request_id: server.newId(),
    user: null,
    client_version: c.req.header('x-deltacat-client-version') ?? null,
  };
  const came_ms = server.log.isLevelEnabled('debug') ? performance.now() : null;
  return { context, method: c.req.method, path: c.req.path, came_ms };
}

/** Logs how a request was answered: served or refused at debug, not servable now as a warning, defects as errors. */
export function logAnswer(exchange: Exchange, status: number, refused?: { code: string; error: unknown }): void {
  const { context, method, path, came_ms } = exchange;
  const [level, message] = WORDS[status] ?? (status > 500 ? FAILED : ANSWERED);
  if (!context.log.isLevelEnabled(level)) return;
  const ms = came_ms === null ? undefined : Math.round((performance.now() - came_ms) * 1_000) / 1_000;
  const code = refused?.code;
  const err = level === 'debug' ? undefined : refused?.error;
  context.log[level]({ request_id: context.request_id, method, path, status, code, ms, err }, message);
}

/** Logs that an answer broke off after its beginning was sent: nobody but the log can be told why. */
export function logBreak({ context, method, path }: Exchange, error: unknown): void {
  context.log.error({ request_id: context.request_id, method, path, err: error }, 'answer broken off');
}

type Words = readonly [level: 'debug' | 'warn' | 'error', message: string];

const ANSWERED: Words = ['debug', 'request answered'];
const FAILED: Words = ['error', 'request failed'];
const WORDS: Record<number, Words> = { 500: FAILED, 503: ['warn', 'request not servable now'] };
