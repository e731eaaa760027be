import { z } from 'zod';
import { endpoint } from '../endpoint.ts';

/** Whether the server can serve. */
export const health = endpoint({
  op: 'health',
  method: 'GET',
  path: '/health',
  summary: 'Whether the server can serve requests.',
  output: z.object({ status: z.literal('ok'), version: z.string(), uptime_ms: z.int() }),
  errors: ['service_unavailable'],
  role: null,
  tag: 'health',
});

/** Under which addresses the server is reached. */
export const getServerEndpoints = endpoint({
  op: 'get_server_endpoints',
  method: 'GET',
  path: '/v1/server/endpoints',
  summary: 'Under which addresses the server is reached.',
  output: z.object({ external_url: z.string().nullish(), internal_url: z.string().nullish() }),
  errors: [],
  role: null,
  tag: 'server',
});
