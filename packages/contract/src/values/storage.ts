import { z } from 'zod';
import { NAME_LENGTH_MAX, NAME_PATTERN } from './names.ts';
import { freeText, keyText } from './text.ts';

const rootName = (what: string) =>
  z
    .string()
    .min(1, `the name of a ${what} cannot be empty`)
    .max(NAME_LENGTH_MAX, `the name of a ${what} has at most ${NAME_LENGTH_MAX} characters`)
    .regex(NAME_PATTERN, `the name of a ${what} holds letters, digits, "_" and "-" only`);

/** The name of a data root. */
export const dataRootName = rootName('data root').meta({ description: 'Name of the data root.' });
/** The name of a storage binding. */
export const bindingName = rootName('storage binding').meta({ description: 'Name of the storage binding.' });
/** The name of a discovery root. */
export const discoveryRootName = rootName('discovery root').meta({ description: 'Name of the discovery root.' });

/** The least and the most seconds that credentials of an assumed role live, as AWS has it. */
export const SESSION_SECONDS = { min: 900, max: 43_200, default: 3_600 } as const;

/** A bucket, and below it path segments that need no escaping in URLs or policies. */
const S3_ROOT = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[A-Za-z0-9!_.'()=+@,:-]+)*$/;

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/** Why a text cannot be the root of data on S3, as the rest of a sentence; null when it can. */
export function s3RootProblem(root: string): string | null {
  const scheme = SCHEME.exec(root)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 's3') {
    return `lies on ${scheme}://, which cannot be served: data roots are s3://bucket/prefix, or folders of this machine`;
  }
  if (S3_ROOT.test(root) && !root.split('/').some((part) => part === '.' || part === '..')) return null;
  return "is not written as s3://bucket/prefix, of letters, digits and the characters !_.'()=+@,:- alone";
}

/** The place of data on S3, as `s3://bucket/prefix`; slashes at its end are left out. */
export const s3Root = z
  .string()
  .max(1_024)
  .transform((root) => root.replace(/\/+$/, ''))
  .superRefine((root, context) => {
    const problem = s3RootProblem(root);
    if (problem !== null) context.addIssue({ code: 'custom', message: problem });
  });

/** The address of an S3 or STS endpoint; keys in it would be told to everyone. */
export const endpointUrl = z
  .url({ protocol: /^https?$/, error: 'is not an address such as https://host:port' })
  .max(2_048)
  .refine((url) => !/^[a-z]+:\/\/[^/]*@/i.test(url), 'holds a user name; keys do not belong into an address')
  .transform((url) => url.replace(/\/+$/, ''));

/** A region: a part of the names of hosts that requests signed by keys of the server go to. */
const region = z
  .string()
  .max(63)
  .regex(/^[a-z0-9](-?[a-z0-9])*$/i, 'is not the name of a region, such as us-east-1');

/** Where a server finds keys: by itself, in two environment variables, or in a profile of the AWS configuration. */
export const keysFrom = z
  .string()
  .max(NAME_LENGTH_MAX)
  .regex(/^(env:[A-Z][A-Z0-9_]*|profile:[A-Za-z0-9_.-]+)$/, 'is neither "env:NAME" nor "profile:name"')
  .meta({
    description:
      'Where the server finds its keys: `env:NAME` for the variables NAME_ACCESS_KEY_ID and NAME_SECRET_ACCESS_KEY, `profile:name` for a profile of the AWS configuration. Left out, where AWS tools look by default.',
  });

/** How clients get at the files of a binding, and by which keys the server does. Keys themselves are never part of it. */
export const credentialSettings = {
  keys_from: keysFrom.nullish(),
  role_arn: z
    .string()
    .max(2_048)
    .regex(/^arn:[^\s:]*:[^\s:]*:[^\s:]*:[^\s:]*:?\S*$/, 'is not the ARN of a role')
    .nullish()
    .meta({ description: 'The role that clients are given, narrowed to what they may do; for `sts`.' }),
  external_id: keyText.nullish().meta({ description: 'What the trust policy of the role asks for.' }),
  sts_endpoint_url: endpointUrl.nullish().meta({ description: 'Where STS is; that of AWS when left out.' }),
  session_seconds: z
    .int()
    .min(SESSION_SECONDS.min)
    .max(SESSION_SECONDS.max)
    .nullish()
    .meta({ description: `How long credentials of the role live. Default ${SESSION_SECONDS.default}.` }),
};

/** How credentials are handed to clients; the words of other servers for the same are understood too. */
export const credentialSource = z
  .strictObject({
    kind: z.string().max(64).nullish().meta({
      description:
        '`none`: clients use their own. `static`: they get the keys of the server. `sts`: they get a role, narrowed to one table and to reading or writing it.',
    }),
    ...credentialSettings,
  })
  .meta({ description: 'How clients get credentials for the files. Keys themselves never travel here.' });
/** How credentials are handed to clients. */
export type CredentialSourceInput = z.infer<typeof credentialSource>;

/** What a storage binding is made with: a store, and how it is reached. */
export const bindingFields = {
  endpoint_url: endpointUrl.nullish().meta({ description: 'Address of the store; that of AWS when left out.' }),
  region: region.nullish().meta({ description: 'Region of the store. Default us-east-1.' }),
  path_style_access: z.boolean().nullish(),
  credential_source: credentialSource.nullish(),
  allowed_access_policies: z.array(z.record(z.string(), z.unknown())).max(100).nullish(),
  dynamodb_endpoint_url: z.string().max(2_048).nullish().meta({ description: 'Not used here.' }),
};

/** A storage binding as it is answered: a store and one state of how it is reached. */
export const storageBinding = z.object({
  binding_id: z.string(),
  name: z.string(),
  binding_revision: z.int().nullish().meta({ description: 'It grows with every change of the binding.' }),
  storage_type: z.string().nullish(),
  storage_class: z.string().nullish(),
  uri_scheme: z.string().nullish(),
  endpoint_url: z.string().nullish(),
  region: z.string().nullish(),
  path_style_access: z.boolean().nullish(),
  credential_source: z.record(z.string(), z.unknown()).nullish(),
  description: z.string().nullish(),
  root: z.string().nullish(),
});
/** A storage binding as it is answered. */
export type StorageBindingAnswer = z.input<typeof storageBinding>;

/** Which binding opens a file, and where it lies below its root: for readers that take no other word for it. */
export const fileAccessRef = z.object({
  binding_id: z.string(),
  binding_revision: z.int(),
  location_mode: z.enum(['managed_relative', 'external_absolute']),
  root_id: z.string().nullish(),
  canonical_path: z.string().nullish(),
});
/** Which binding opens a file. */
export type FileAccessRef = z.infer<typeof fileAccessRef>;

/** Keys of one store; `expires_at` (ISO) where they do not hold for ever. */
export const storageCredentials = z.object({
  access_key_id: z.string(),
  secret_access_key: z.string(),
  session_token: z.string().nullish(),
  expires_at: z.string().nullish(),
});
/** Keys of one store. */
export type StorageCredentials = z.infer<typeof storageCredentials>;

/** The states of a discovery root. */
export const LIFECYCLE_OF_ROOTS = ['active', 'disabled'] as const;

/** A discovery root as it is answered: a place outside the data roots that may be crawled. */
export const discoveryRoot = z.object({
  binding_id: z.string(),
  discovery_root_id: z.string(),
  name: z.string(),
  root_uri: z.string(),
  binding_name: z.string().nullish(),
  binding_revision: z.int().nullish(),
  binding: storageBinding.nullish(),
  endpoint_url: z.string().nullish(),
  region: z.string().nullish(),
  storage_type: z.string().nullish(),
  storage_class: z.string().nullish(),
  uri_scheme: z.string().nullish(),
  usage: z.array(z.string()).nullish(),
  description: z.string().nullish(),
  authorization: z.record(z.string(), z.unknown()).nullish(),
  lifecycle_state: z.enum(LIFECYCLE_OF_ROOTS).default('active'),
  created_at: z.string().nullish(),
  created_by: z.string().nullish(),
  disabled_at: z.string().nullish(),
  disabled_by: z.string().nullish(),
  previous_discovery_root_id: z.string().nullish(),
  history: z.array(z.record(z.string(), z.unknown())).nullish(),
});
/** A discovery root as it is answered. */
export type DiscoveryRootAnswer = z.input<typeof discoveryRoot>;

/** What a root is used for, in words of its operator. */
export const rootUsage = z.array(keyText.min(1).max(64)).max(32);

/** What a discovery root is made with, beside its name. */
export const discoveryRootFields = {
  binding_name: bindingName,
  root_uri: keyText.min(1).max(2_048).meta({ description: 'The place, as `s3://bucket/prefix`.' }),
  usage: rootUsage.nullish(),
  description: freeText.nullish(),
  authorization: z
    .object({ principals: z.array(keyText).max(1_000).nullish(), expires_at: z.int().nullish() })
    .nullish()
    .meta({ description: 'Who may crawl it; kept as it was given.' }),
};
