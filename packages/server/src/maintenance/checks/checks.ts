import type { Check } from '../check.ts';
import { COMMIT_CHECKS } from './commits.ts';
import { NUMBER_CHECKS } from './numbers.ts';
import { POSITION_CHECKS } from './positions.ts';
import { REFERENCE_CHECKS } from './references.ts';
import { REMAIN_CHECKS } from './remains.ts';
import { ROW_CHECKS } from './rows.ts';
import { TRANSACTION_CHECKS } from './transactions.ts';

/** Every promise that is kept in rows, and what finds out where it is broken. docs/guide/operating.md lists them. */
export const CHECKS: readonly Check[] = [
  ...COMMIT_CHECKS,
  ...ROW_CHECKS,
  ...REFERENCE_CHECKS,
  ...POSITION_CHECKS,
  ...NUMBER_CHECKS,
  ...TRANSACTION_CHECKS,
  ...REMAIN_CHECKS,
];
