/** The machine's time in nanoseconds: the start of the process plus the monotonic time since, to the microsecond. */
export function machineTime(): bigint {
  return BigInt(Math.round((performance.timeOrigin + performance.now()) * 1_000)) * 1_000n;
}
