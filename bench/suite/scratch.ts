import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder for files of one benchmark, which goes with them at the end of the block that uses it. */
export interface Scratch extends Disposable {
  path: string;
  /** A folder in it that is not there yet, by a number that rises. */
  next(name: string): string;
}

/** Makes such a folder. */
export function scratch(): Scratch {
  const path = mkdtempSync(join(tmpdir(), 'deltacat-bench-'));
  let made = 0;
  return {
    path,
    next(name) {
      made += 1;
      return join(path, `${made}-${name}`);
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
