import { createRequire } from 'node:module';

/** The version of this package; requests carry it, so that a server can tell which client it answers. */
export const VERSION: string = createRequire(import.meta.url)('../package.json').version;
