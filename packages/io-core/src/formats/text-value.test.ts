import { expect, test } from 'vitest';
import { Moment } from '../columns/encode.ts';
import { arrowType } from '../schema/schema.ts';
import { scalarKind } from '../values/scalar.ts';
import { valueText } from './text-value.ts';

test.each([
  ['timestamp[s]', 1_774_958_399_000_000_000n, '2026-03-31 11:59:59'],
  ['timestamp[ms]', 1_774_958_399_123_000_000n, '2026-03-31 11:59:59.123'],
  ['timestamp[ms, tz=UTC]', 1_774_958_399_120_000_000n, '2026-03-31 11:59:59.120Z'],
  ['timestamp[ms]', 1_774_958_399_000_000_000n, '2026-03-31 11:59:59'],
  ['timestamp[us]', 1_774_958_399_123_000_000n, '2026-03-31 11:59:59.123000'],
  ['timestamp[ns]', 1_774_958_399_123_456_789n, '2026-03-31 11:59:59.123456789'],
])('a %s has no more digits than its unit, or the official client reads it as text: %s', (alias, ns, text) => {
  const type = arrowType(alias);
  const kind = scalarKind(type);
  expect(kind && valueText('at', type)?.(new Moment(kind, ns))).toBe(text);
});
