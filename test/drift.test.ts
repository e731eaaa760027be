import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { performanceDocument } from '../bench/suite/performance-document.ts';
import { generatedDocuments } from '../scripts/generated-documents.ts';

test.each(Object.entries(generatedDocuments()))('%s is what the code says; `npm run docs` writes it', (path, text) => {
  expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toBe(text);
});

test('docs/performance.md is what bench/results/ says, with a picture of each finding; `npm run bench` writes it', () => {
  const text = performanceDocument();
  expect(readFileSync(new URL('../docs/performance.md', import.meta.url), 'utf8')).toBe(text);
  const pictures = [...text.matchAll(/\]\((performance\/[^)]+)\)/g)].map(([, path]) => path ?? '');
  expect(pictures.length).toBeGreaterThan(0);
  for (const path of pictures) {
    expect(readFileSync(new URL(`../docs/${path}`, import.meta.url), 'utf8'), path).toMatch(/^<svg/);
  }
});
