import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startHeartbeat } from './heartbeat.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('beats at its interval until it is stopped', async () => {
  const beat = vi.fn(async () => true);
  const subject = {};
  const { stop } = startHeartbeat({ subject, interval_ms: 1_000, beat });
  await vi.advanceTimersByTimeAsync(3_500);
  expect(beat).toHaveBeenCalledTimes(3);
  expect(beat).toHaveBeenCalledWith(subject);
  stop();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(beat).toHaveBeenCalledTimes(3);
});

test('a beat that says it is enough is the last', async () => {
  const beat = vi.fn(async () => false);
  startHeartbeat({ subject: beat, interval_ms: 10, beat });
  await vi.advanceTimersByTimeAsync(100);
  expect(beat).toHaveBeenCalledTimes(1);
});

test('one beat is over before the next, however long it takes', async () => {
  let running = 0;
  let most = 0;
  const beat = async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 250));
    running -= 1;
    return true;
  };
  const { stop } = startHeartbeat({ subject: beat, interval_ms: 100, beat });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(most).toBe(1);
  stop();
});

test('a signal ends it, also one given before it began', async () => {
  const beat = vi.fn(async () => true);
  const controller = new AbortController();
  startHeartbeat({ subject: beat, interval_ms: 100, beat, signal: controller.signal });
  await vi.advanceTimersByTimeAsync(150);
  controller.abort();
  startHeartbeat({ subject: beat, interval_ms: 100, beat, signal: controller.signal });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(beat).toHaveBeenCalledTimes(1);
});
