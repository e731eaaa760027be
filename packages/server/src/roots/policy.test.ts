import { expect, test } from 'vitest';
import { type Policy, partitionOf, policyFor } from './policy.ts';

const TABLE = 's3://lake/warehouse/data/0197-table';
const OWN = 'arn:aws:s3:::lake/warehouse/data/0197-table/x/part-0.parquet';

/** Whether a policy lets somebody do something, as AWS decides it: `*` stands for any text. */
function allows(policy: Policy, asked: { action: string; resource: string; prefix?: string }): boolean {
  const matches = (pattern: string, text: string) =>
    new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(text);
  return policy.Statement.some(({ Action, Resource, Condition }) => {
    const { 's3:prefix': prefixes } = (Condition as { StringLike?: Record<string, string[]> })?.StringLike ?? {};
    const isFit = prefixes === undefined || prefixes.some((pattern) => matches(pattern, asked.prefix ?? ''));
    return Action.includes(asked.action) && Resource.some((arn) => matches(arn, asked.resource)) && isFit;
  });
}

const elsewhere = [
  'arn:aws:s3:::lake/warehouse/data/0197-table2/x',
  'arn:aws:s3:::lake/warehouse/data/0197-table',
  'arn:aws:s3:::lake/warehouse/data/other/0197-table/x',
  'arn:aws:s3:::lake/other',
  'arn:aws:s3:::lake2/warehouse/data/0197-table/x',
  'arn:aws:s3:::lake',
];

test.each([
  ['read', 's3:GetObject', true],
  ['read', 's3:PutObject', false],
  ['read', 's3:DeleteObject', false],
  ['write', 's3:GetObject', true],
  ['write', 's3:PutObject', true],
  ['write', 's3:AbortMultipartUpload', true],
  ['write', 's3:DeleteObject', false],
] as const)('keys to %s let %s of their own files: %s, and of no others', (verb, action, isAllowed) => {
  const policy = policyFor(verb, [TABLE], 'aws');
  expect(allows(policy, { action, resource: OWN })).toBe(isAllowed);
  for (const resource of elsewhere) expect(allows(policy, { action, resource }), resource).toBe(false);
});

test.each(['read', 'write'] as const)('keys to %s list below their own prefix only', (verb) => {
  const policy = policyFor(verb, [TABLE, 's3://lake/warehouse/data/second'], 'aws');
  const lists = (prefix: string, bucket = 'lake') =>
    allows(policy, { action: 's3:ListBucket', resource: `arn:aws:s3:::${bucket}`, prefix });
  expect([lists('warehouse/data/0197-table/'), lists('warehouse/data/second/x')]).toEqual([true, true]);
  expect(
    ['', 'warehouse/', 'warehouse/data/0197-table2/', 'warehouse/data/third/'].map((prefix) => lists(prefix)),
  ).toEqual([false, false, false, false]);
  expect(lists('warehouse/data/0197-table/', 'lake2')).toBe(false);
});

test('a bucket as a whole is a prefix, too', () => {
  const policy = policyFor('read', ['s3://lake'], 'aws');
  expect(allows(policy, { action: 's3:GetObject', resource: 'arn:aws:s3:::lake/any/thing' })).toBe(true);
  expect(allows(policy, { action: 's3:GetObject', resource: 'arn:aws:s3:::lake2/any' })).toBe(false);
});

test('a policy is of the partition of its role, and fits into what AWS takes', () => {
  expect(['arn:aws-cn:iam::1:role/r', 'arn:aws:iam::1:role/r', 'arn:xxx:xxx:xxx:xxxx'].map(partitionOf)).toEqual([
    'aws-cn',
    'aws',
    'aws',
  ]);
  const prefixes = Array.from({ length: 8 }, (_, n) => `s3://some-bucket-name/warehouse/data/${n}${'0'.repeat(35)}`);
  expect(JSON.stringify(policyFor('read', prefixes, 'aws-cn')).length).toBeLessThan(2_048);
});
