import {
  API,
  DeltacatError,
  type Endpoint,
  NEXT_TOKEN_HEADER,
  type OperationName,
  openApiDocument,
  type Page,
} from '@deltacat/contract';
import { type Context, Hono } from 'hono';
import { AnswerText, type ServerContext } from '../context.ts';
import { perform } from '../operations.ts';
import { VERSION } from '../version.ts';
import { answerError, answerJson, answerText } from './answer.ts';
import { beginExchange, logAnswer, logBreak } from './exchange.ts';
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
    const answer = await perform(context, endpoint.op as OperationName, input);
    const headers = { 'X-Request-Id': context.request_id };
    const response =
      answer instanceof AnswerText
        ? await answerText(answer.pieces, { headers, failed: (error) => logBreak(exchange, error) })
        : respond(endpoint, answer, headers);
    logAnswer(exchange, endpoint.status);
    return response;
  } catch (error) {
    return answerError(error, exchange);
  }
}

/** The token of the next page travels beside the answer, in a header. */
function respond(endpoint: Endpoint, given: unknown, headers: Record<string, string>): Response {
  if (!endpoint.paged) return answerJson(given, endpoint.status, headers);
  const { answer, next_token } = given as Page<unknown>; // what handlers of paged operations return
  const more: Record<string, string> = next_token === null ? {} : { [NEXT_TOKEN_HEADER]: next_token };
  return answerJson(answer, endpoint.status, { ...headers, ...more });
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
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => (part.startsWith('{') ? given[index] !== '' : part === given[index]))
  );
}
