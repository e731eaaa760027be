import { isUtf8 } from 'node:buffer';
import { DeltacatError, type Endpoint, parseJson } from '@deltacat/contract';
import type { Context } from 'hono';
import { InvalidInput } from './answer.ts';

/** How deep a body may nest. Filters may nest 64 levels; everything else is far flatter. */
const BODY_DEPTH_MAX = 256;

/** Reads the input of an endpoint from a request: path, query and body fields together, checked by its schema. */
export async function readInput(c: Context, endpoint: Endpoint, bodyBytesMax: number): Promise<object> {
  const body = c.req.method === 'GET' ? {} : await readBody(c.req.raw, bodyBytesMax);
  const given = { ...c.req.query(), ...withoutNulls(body), ...c.req.param() };
  const parsed = endpoint.input.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new InvalidInput(parsed.error, (field) => placeOf(endpoint, field));
}

function placeOf(endpoint: Endpoint, field: string): string {
  if (field in endpoint.params) return 'path';
  return field in endpoint.query ? 'query' : 'body';
}

/** Clients send null for what they leave out; a query value of the same name must survive that. */
function withoutNulls(body: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
}

async function readBody(request: Request, bytesMax: number): Promise<Record<string, unknown>> {
  const text = await readText(request, bytesMax);
  if (text.trim() === '') return {};
  const value = parseBody(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new DeltacatError(
    'invalid_json',
    'The body is not a JSON object. Send the fields of the request as one object.',
  );
}

function parseBody(text: string): unknown {
  try {
    const value = parseJson(text);
    if (depthOf(value) <= BODY_DEPTH_MAX) return value;
  } catch (error) {
    if (!(error instanceof RangeError)) {
      const reason = (error as Error).message;
      throw new DeltacatError('invalid_json', `The body is not JSON: ${reason}. Send UTF-8 JSON text.`);
    }
  }
  throw new DeltacatError('invalid_json', `The body nests deeper than ${BODY_DEPTH_MAX} levels. Flatten it.`);
}

/** How deep a value nests, counted level by level so that no input can exhaust the stack. */
function depthOf(value: unknown): number {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= BODY_DEPTH_MAX + 1; depth += 1) {
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
    if (level.length === 0) return depth;
  }
  return BODY_DEPTH_MAX + 1;
}

/** Reads a body of at most so many bytes. Nobody can send more than they announced: HTTP ends the body there. */
async function readText(request: Request, bytesMax: number): Promise<string> {
  const announced = Number(request.headers.get('content-length') ?? 0);
  if (announced > bytesMax) throw tooLarge(bytesMax);
  // At once is cheaper by 10 to 30 microseconds: the stream of a request is only made when somebody asks for it.
  const bytes = announced > 0 ? Buffer.from(await request.arrayBuffer()) : await readStream(request, bytesMax);
  if (bytes.length > bytesMax) throw tooLarge(bytesMax);
  if (isUtf8(bytes)) return bytes.toString('utf8');
  throw new DeltacatError(
    'invalid_json',
    'The body is not UTF-8: some of its bytes are no text. Send UTF-8 JSON text.',
  );
}

/** Reads a body of unknown length, and stops as soon as it is too long. */
async function readStream(request: Request, bytesMax: number): Promise<Buffer> {
  if (!request.body) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(bytesMax: number): DeltacatError {
  return new DeltacatError(
    'payload_too_large',
    `The body is larger than ${bytesMax} bytes. Send fewer entries or rows at once, or raise DELTACAT_BODY_MAX_MB.`,
  );
}
