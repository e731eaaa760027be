import { spawn } from 'node:child_process';

/** Runs a command to its end; one that cannot be started has the status 127. */
export function runCommand(command: string, args: readonly string[]): Promise<{ status: number; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once('error', (error) => resolve({ status: 127, stderr: error.message }));
    child.once('close', (code) => resolve({ status: code ?? 1, stderr }));
  });
}
