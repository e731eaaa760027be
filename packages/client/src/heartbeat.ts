const NS_PER_MS = 1_000_000n;
/** Three chances before its subject expires. */
const BEATS_PER_LIFETIME = 3n;
const INTERVAL_MIN_MS = 100;
/** The official client's interval, and well below what a timer can hold. */
const INTERVAL_MAX_MS = 15 * 60 * 1_000;

/** How long to wait between two beats of what lives as long as that after each, in milliseconds. */
export function beatInterval({ expires_at, last_heartbeat_at }: { expires_at: bigint; last_heartbeat_at: bigint }) {
  const interval = Number((expires_at - last_heartbeat_at) / NS_PER_MS / BEATS_PER_LIFETIME);
  return Math.min(INTERVAL_MAX_MS, Math.max(INTERVAL_MIN_MS, interval));
}

/** A heartbeat that goes on until it is stopped. */
export interface Heartbeat {
  stop(): void;
}

/** What beats, and how often. */
export interface HeartbeatOptions<T extends object> {
  /** Kept weakly: what nobody holds any more is left to expire. */
  subject: T;
  interval_ms: number;
  /** Resolves to whether to go on. */
  beat: (subject: T) => Promise<boolean>;
  /** Ends it from outside. */
  signal?: AbortSignal | undefined;
}

/**
 * Calls `beat` at an interval until it is stopped, says that it is enough, or its subject is forgotten. One beat is over
 * before the next, and the timer does not keep a program running that is otherwise done.
 */
export function startHeartbeat<T extends object>({
  subject,
  interval_ms,
  beat,
  signal,
}: HeartbeatOptions<T>): Heartbeat {
  const reference = new WeakRef(subject);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = signal?.aborted ?? false;
  const stop = () => {
    stopped = true;
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  };
  const schedule = () => {
    if (stopped) return;
    timer = setTimeout(async () => {
      const alive = reference.deref();
      if (alive !== undefined && (await beat(alive))) schedule();
      else stop();
    }, interval_ms);
    // Browsers number their timers.
    if (typeof timer === 'object') timer.unref();
  };
  signal?.addEventListener('abort', stop);
  schedule();
  return { stop };
}
