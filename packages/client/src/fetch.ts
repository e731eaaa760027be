/** A web-standard `fetch`, as far as this client uses it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

const REDIRECTS_MAX = 20;
const REDIRECTS = [301, 302, 303, 307, 308];
const NO_BODY = [204, 205, 304];

/**
 * A `fetch` that trusts what `verify_ssl` says: true for the authorities that the platform trusts, a path for those in a
 * PEM file instead, false for anyone. The platform's own `fetch` has no such setting, so the latter two use `node:https`.
 */
export function fetchTrusting(verify_ssl: boolean | string): Fetch {
  if (verify_ssl === true) return (url, init) => fetch(url, init);
  return async (url, init) => {
    const trust = verify_ssl === false ? { rejectUnauthorized: false } : { ca: await readAuthorities(verify_ssl) };
    return follow({ url, init, trust });
  };
}

interface Trust {
  rejectUnauthorized?: boolean;
  ca?: string;
}

interface Hop {
  url: string;
  init: RequestInit;
  trust: Trust;
}

async function readAuthorities(path: string): Promise<string> {
  const [{ openStorage }, { resolve }] = await Promise.all([import('@deltacat/io-core'), import('node:path')]);
  const absolute = resolve(path);
  return new TextDecoder().decode(await openStorage(absolute).read(absolute));
}

/** Redirects as the fetch standard has them: 303, and 301 and 302 of a POST, go on as GET. */
async function follow(hop: Hop): Promise<Response> {
  let { url, init } = hop;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects += 1) {
    const response = await exchange({ url, init, trust: hop.trust });
    const location = response.headers.get('location');
    if (init.redirect === 'manual' || location === null || !REDIRECTS.includes(response.status)) return response;
    const target = new URL(location, url);
    init = redirected(init, { status: response.status, elsewhere: target.origin !== new URL(url).origin });
    url = target.href;
  }
  throw new TypeError(`more than ${REDIRECTS_MAX} redirects`);
}

function redirected(init: RequestInit, { status, elsewhere }: { status: number; elsewhere: boolean }): RequestInit {
  const headers = new Headers(init.headers);
  // Another server has no business with the token.
  if (elsewhere) headers.delete('authorization');
  const asGet = status === 303 || ((status === 301 || status === 302) && init.method === 'POST');
  if (!asGet) return { ...init, headers };
  headers.delete('content-type');
  return { ...init, headers, method: 'GET', body: null };
}

async function exchange({ url, init, trust }: Hop): Promise<Response> {
  const [http, https] = await Promise.all([import('node:http'), import('node:https')]);
  const secure = new URL(url).protocol === 'https:';
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const options = {
    method: init.method ?? 'GET',
    headers: Object.fromEntries(new Headers(init.headers)),
    ...(init.signal ? { signal: init.signal } : {}),
    ...(secure ? trust : {}),
  };
  const request = (secure ? https : http).request(url, options, (incoming) => {
    const chunks: Uint8Array[] = [];
    incoming.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    incoming.on('error', reject);
    incoming.on('end', () => {
      const status = incoming.statusCode ?? 0;
      const headers = new Headers();
      for (const [name, values] of Object.entries(incoming.headersDistinct)) {
        for (const value of values ?? []) headers.append(name, value);
      }
      resolve(new Response(NO_BODY.includes(status) ? null : new Blob(chunks as BlobPart[]), { status, headers }));
    });
  });
  request.on('error', reject);
  request.end(typeof init.body === 'string' ? init.body : undefined);
  return promise;
}
