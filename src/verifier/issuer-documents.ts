// What is fetched of the issuer: its metadata, its key set and its status lists, from the very address that was asked.
import type { Settings } from './options.ts';

type Fetching = Pick<Settings, 'issuer' | 'fetch' | 'timeout'>;

/** `maxAge`: seconds for which the issuer lets it be kept; undefined when it does not say. */
export type FetchedDocument = { readonly body: unknown; readonly maxAge: number | undefined };

/** `etag`: RFC 9110 8.8.3, as it came. */
export type FetchedList = { readonly token: string; readonly etag: string | undefined };

const mostDocumentBytes = 256 * 1024;

/** Of a status list: a million tokens need a tenth of it, however little their bits can be compressed. */
export const mostListBytes = 2 * 1024 * 1024;

/** OpenID Connect Discovery 1.0 4.3, RFC 8414 3.3: the address of the issuer's key set. @throws Error for metadata of another issuer */
export async function fetchKeysAddress(fetching: Fetching): Promise<string> {
  const { issuer } = fetching;
  const { body } = await fetchDocument(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, fetching);
  const { issuer: said, jwks_uri: address } = (body ?? {}) as Record<string, unknown>;
  if (said !== issuer)
    throw new Error(`The metadata is of the issuer ${String(said)}, not of ${issuer}, which the verifier was told.`);
  const protocol = typeof address === 'string' ? URL.parse(address)?.protocol : undefined;
  if (protocol === 'https:' || (protocol === 'http:' && issuer.startsWith('http:'))) return address as string;
  throw new Error('The metadata names no jwks_uri of https.');
}

/** RFC 8259 JSON of at most 256 kB, with status 200 and without a redirect. @throws Error for everything else */
export async function fetchDocument(url: string, fetching: Fetching): Promise<FetchedDocument> {
  const answer = await answerOf(url, fetching, { accept: 'application/json' });
  const type = answer.headers.get('content-type') ?? '';
  if (answer.status !== 200 || answer.redirected || !/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type)) {
    await answer.body?.cancel();
    throw new Error(`${url} answered with status ${answer.status} and type ${type || 'unknown'}, not with JSON.`);
  }
  return {
    body: JSON.parse(await bodyOf(answer, url, mostDocumentBytes)),
    maxAge: maxAgeOf(answer.headers.get('cache-control'), answer.headers.get('age')),
  };
}

/**
 * Token Status List 8.1, RFC 9110 13.1.2: a status list token of at most 2 MiB, not checked yet; undefined when it is still
 * the one with this `etag`. @throws Error for everything else
 */
export async function fetchStatusList(
  url: string,
  etag: string | undefined,
  fetching: Fetching,
): Promise<FetchedList | undefined> {
  const answer = await answerOf(url, fetching, {
    accept: 'application/statuslist+jwt',
    ...(etag !== undefined && { 'if-none-match': etag }),
  });
  const type = answer.headers.get('content-type') ?? '';
  if (answer.status === 200 && !answer.redirected && /^application\/statuslist\+jwt\s*(?:;|$)/i.test(type))
    return { token: await bodyOf(answer, url, mostListBytes), etag: answer.headers.get('etag') ?? undefined };
  await answer.body?.cancel();
  if (answer.status === 304 && etag !== undefined && !answer.redirected) return undefined;
  throw new Error(
    `${url} answered with status ${answer.status} and type ${type || 'unknown'}, not with a status list.`,
  );
}

async function answerOf(
  url: string,
  { fetch, timeout }: Fetching,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  return fetch(url, {
    headers,
    redirect: 'manual',
    signal: AbortSignal.timeout(timeout),
  });
}

async function bodyOf(answer: Response, url: string, mostBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of answer.body ?? []) {
    length += part.byteLength;
    // Leaving the loop ends the connection.
    if (length > mostBytes) throw new Error(`${url} answered with more than ${mostBytes} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** RFC 9111 4.2: seconds that are left of `max-age` after the time that it spent on the way; undefined when none is said. */
export function maxAgeOf(
  cacheControl: string | null | undefined,
  ageHeader: string | null | undefined,
): number | undefined {
  const said = cacheControl ?? '';
  if (/\bno-(?:store|cache)\b/i.test(said)) return 0;
  const [, seconds] = /(?:^|[\s,])max-age="?(\d+)/i.exec(said) ?? [];
  if (seconds === undefined) return undefined;
  const age = Number(ageHeader ?? 0);
  return Math.max(0, Number(seconds) - (age > 0 ? age : 0));
}
