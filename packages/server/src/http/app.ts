import { API, DeltacatError, type Endpoint, type OperationName, openApiDocument } from '@deltacat/contract';
import { type Context, Hono } from 'hono';
import type { ServerContext } from '../context.ts';
import { perform } from '../operations.ts';
import { VERSION } from '../version.ts';
import { answerError, answerJson } from './answer.ts';
import { beginExchange, logAnswer } from './exchange.ts';
import { readInput } from './request.ts';

/** Every endpoint of the contract as a route, and nothing else: what an operation does is in its handler. */
export function createApp(server: ServerContext): Hono {
  const app = new Hono();
  for (const endpoint of Object.values(API) as Endpoint[]) {
    const route = endpoint.path.replaceAll(/\{(\w+)\}/g, ':$1');
    app.on(endpoint.method, route, (c) => serve(c, server, endpoint));
  }
  // Made when asked for: it costs tens of milliseconds, and a start should not pay them.
  app.get('/openapi.json', () => answerJson(openApiDocument(VERSION), 200));
  app.notFound((c) => answerError(noRoute(c), beginExchange(c, server)));
  app.onError((error, c) => answerError(error, beginExchange(c, server)));
  return app;
}

async function serve(c: Context, server: ServerContext, endpoint: Endpoint): Promise<Response> {
  const exchange = beginExchange(c, server);
  const { context } = exchange;
  try {
    const input = await readInput(c, endpoint, server.config.body_bytes_max);
    const answer = answerJson(await perform(context, endpoint.op as OperationName, input), endpoint.status, {
      'X-Request-Id': context.request_id,
    });
    logAnswer(exchange, endpoint.status);
    return answer;
  } catch (error) {
    return answerError(error, exchange);
  }
}

function noRoute(c: Context): DeltacatError {
  const { method, path } = c.req;
  const others = (Object.values(API) as Endpoint[]).filter((endpoint) => matches(endpoint.path, path));
  if (others.length > 0) {
    const allowed = others.map((endpoint) => endpoint.method).join(', ');
    return new DeltacatError('method_not_allowed', `${path} does not take ${method}. It takes: ${allowed}.`);
  }
  return new DeltacatError('not_found', `There is no ${method} ${path}. GET /openapi.json lists every route.`);
}

function matches(template: string, path: string): boolean {
  const [wanted, given] = [template.split('/'), path.split('/')];
  return wanted.length === given.length && wanted.every((part, index) => part.startsWith('{') || part === given[index]);
}
