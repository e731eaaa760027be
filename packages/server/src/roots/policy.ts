/** What a client may do with the files of some prefixes. */
export type Verb = 'read' | 'write';

/** A policy document of AWS. */
export interface Policy {
  Version: '2012-10-17';
  Statement: { Effect: 'Allow'; Action: string[]; Resource: string[]; Condition?: object }[];
}

const ACTIONS: Record<Verb, string[]> = {
  read: ['s3:GetObject'],
  // A writer reads what it wrote, to make sure of it, and to gather the parts of a dataset that is a folder.
  write: ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts', 's3:GetObject'],
};

/** Bucket and key of an `s3://` URI; the key of a bucket alone is empty. */
function splitUri(uri: string): { bucket: string; key: string } {
  const [bucket = '', ...rest] = uri.slice('s3://'.length).split('/');
  return { bucket, key: rest.join('/') };
}

/**
 * What a session of a role is narrowed to: the objects below some prefixes and no others, and listing those. The prefixes
 * hold no character that a policy takes for another: data roots may not, and what is added to them are ids.
 */
export function policyFor(verb: Verb, prefixes: readonly string[], partition: string): Policy {
  const places = prefixes.map(splitUri);
  const arn = (of: string) => `arn:${partition}:s3:::${of}`;
  const below = (key: string) => (key === '' ? '*' : `${key}/*`);
  const Resource = places.map(({ bucket, key }) => arn(`${bucket}/${below(key)}`));
  const buckets = Map.groupBy(places, ({ bucket }) => bucket);
  const listing = [...buckets].map(([bucket, inside]) => ({
    Effect: 'Allow' as const,
    Action: ['s3:ListBucket'],
    Resource: [arn(bucket)],
    Condition: { StringLike: { 's3:prefix': inside.map(({ key }) => below(key)) } },
  }));
  return {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: ACTIONS[verb], Resource }, ...listing],
  };
}

/** The partition of AWS that a role is in; other stores write what they like there, and mean that of AWS. */
export function partitionOf(role_arn: string): string {
  const [, partition = ''] = role_arn.split(':');
  return partition.startsWith('aws') ? partition : 'aws';
}
