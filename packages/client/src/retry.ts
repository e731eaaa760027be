import type { Answer } from './errors.ts';

/** The most times one request is sent. */
export const ATTEMPTS_MAX = 4;
/** Nothing is sent again later than that after the first time. */
const RETRY_BUDGET_MS = 60_000;

const PAUSE_FIRST_MS = 500;
const PAUSE_MAX_MS = 8_000;
const RETRIED_STATUSES = [502, 503, 504];

/** Where a request stands that failed: how often and how long it was tried, and what came back, if anything. */
export interface Attempt {
  /** 1 for the first. */
  number: number;
  elapsed_ms: number;
  answer: Answer | null;
}

/**
 * How long to wait before a failed request is sent again, in milliseconds; null to give up. The pause doubles from half a
 * second, `Retry-After` is obeyed, and neither the attempts nor the time are unbounded.
 */
export function pauseBeforeRetry({ number, elapsed_ms, answer }: Attempt): number | null {
  if (number >= ATTEMPTS_MAX) return null;
  if (answer !== null && !RETRIED_STATUSES.includes(answer.status)) return null;
  const own = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** (number - 1));
  const pause = (answer === null ? null : retryAfter(answer.headers)) ?? own;
  return elapsed_ms + pause > RETRY_BUDGET_MS ? null : pause;
}

/** `Retry-After` in milliseconds: a number of seconds or a date. */
function retryAfter(headers: Headers): number | null {
  const value = headers.get('retry-after')?.trim();
  if (!value) return null;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1_000;
  const time = Date.parse(value);
  return Number.isNaN(time) ? null : Math.max(0, time - Date.now());
}

const RERUN_PAUSE_FIRST_MS = 50;
const RERUN_PAUSE_MAX_MS = 5_000;

/**
 * How long to wait before work is done again that lost against another commit, in milliseconds. At random between half of
 * a pause that doubles and all of it: those who collided must not meet again.
 */
export function pauseBeforeRerun(number: number, random = Math.random()): number {
  const pause = Math.min(RERUN_PAUSE_MAX_MS, RERUN_PAUSE_FIRST_MS * 2 ** (number - 1));
  return pause * (0.5 + random / 2);
}
