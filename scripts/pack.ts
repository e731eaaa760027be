// `npm run pack`: every package as a tarball in dist/packages, in the form that is published, to install elsewhere.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, stage, workspaces } from './stage.ts';

const target = join(ROOT, 'dist/packages');
const staging = mkdtempSync(join(tmpdir(), 'deltacat-pack-'));
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const workspace of workspaces()) {
  const staged = join(staging, workspace);
  stage(workspace, staged);
  execFileSync('npm', ['pack', '--silent', '--pack-destination', target], {
    cwd: staged,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
rmSync(staging, { recursive: true, force: true });
console.log(`Install them elsewhere with: npm install ${target}/*.tgz`);
