import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is a disk of its own, and a small one. */
export interface SmallDisk {
  folder: string;
  /** Mounts it again in another way, such as `ro`. */
  remount(options: string): void;
  unmount(): void;
}

/** Mounts a disk of some bytes in memory; null where mounting is not permitted. */
export function mountSmallDisk(bytes: number): SmallDisk | null {
  const folder = mkdtempSync(join(tmpdir(), 'deltacat-disk-'));
  const mount = (options: string) => run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  if (!mount(`size=${bytes}`)) {
    rmSync(folder, { recursive: true });
    return null;
  }
  return {
    folder,
    remount: (options) => mount(`remount,${options}`),
    unmount() {
      run('umount', ['-l', folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

function run(command: string, words: string[]): boolean {
  try {
    execFileSync(command, words, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
