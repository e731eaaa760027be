import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { performanceDocument, pictureOf } from './performance-document.ts';
import { plot } from './plot.ts';
import { storedResults } from './results.ts';

const DOCS = new URL('../../docs/', import.meta.url);

/** Writes docs/performance.md and its pictures from everything that is stored in bench/results/. */
export async function writeReport(): Promise<void> {
  const pictures = new URL('performance/', DOCS);
  rmSync(pictures, { recursive: true, force: true });
  mkdirSync(pictures, { recursive: true });
  for (const [benchmark, { findings }] of storedResults()) {
    for (const [index, finding] of findings.entries()) {
      writeFileSync(new URL(pictureOf(benchmark, index), pictures), await plot(finding));
    }
  }
  writeFileSync(new URL('performance.md', DOCS), performanceDocument());
}
