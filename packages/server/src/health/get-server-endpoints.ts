import type { Handler } from '../context.ts';

/** Tells the configured address for clients outside; null where clients use the address they already have. */
export const getServerEndpoints: Handler<'get_server_endpoints'> = async (context) => ({
  external_url: context.config.external_url,
  internal_url: null,
});
