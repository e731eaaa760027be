import { expect, test } from 'vitest';
import { Progress } from './progress.ts';

function watched(isTTY: boolean) {
  const written: string[] = [];
  return { written, stream: { isTTY, write: (text: string) => written.push(text) } };
}

test('progress is shown where someone is looking, not with every state, and cleared at the end', () => {
  const { written, stream } = watched(true);
  {
    using progress = new Progress(stream);
    for (let rows = 1; rows <= 1_000; rows += 1) progress.update(`${rows} rows`);
  }
  expect(written[0]).toContain('1 rows');
  expect(written.length).toBeLessThan(100);
  expect(written.at(-1)).toBe('\r\u001b[K');
});

test('nothing is shown where nobody is looking', () => {
  const { written, stream } = watched(false);
  {
    using progress = new Progress(stream);
    progress.update('1 row');
  }
  expect(written).toEqual([]);
});
