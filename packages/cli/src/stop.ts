const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** npm hands on the Ctrl-C that the terminal has sent already: two that come together are one. */
const TOGETHER_MS = 500;

/**
 * Resolves when the process is told to stop. A little later the signals do again what they do by themselves, so that a
 * second one ends the process at once, whatever it still waits for.
 */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = () => {
      if (stopping) return;
      stopping = true;
      console.error('Stopping once open requests are answered; Ctrl-C again stops at once.');
      setTimeout(() => {
        for (const signal of SIGNALS) process.off(signal, stop);
      }, TOGETHER_MS).unref();
      resolve();
    };
    for (const signal of SIGNALS) process.on(signal, stop);
  });
}
