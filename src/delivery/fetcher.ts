// The only way in which Signet fetches an address: resolved once, checked, and dialled as it was checked.
import { lookup } from 'node:dns/promises';
import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { type AllowedTarget, judgeUrl, OutboundError, type Target } from '../domain/outbound.ts';
import { isPublicAddress } from './public-address.ts';

export type Resolved = { readonly address: string; readonly family: number };

export type Guard = {
  /** `OUTBOUND_ALLOW`. */
  readonly allow: readonly AllowedTarget[];
  /** What tests replace: every address of a name. */
  readonly resolve?: (host: string) => Promise<readonly Resolved[]>;
  /** What tests replace: where a resolved address that was found good is dialled. */
  readonly dial?: (address: string) => string;
  /** What tests replace: who vouches for certificates. */
  readonly ca?: string;
};

export type OutboundRequest = {
  readonly url: string;
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** One redirect is followed. Otherwise it is the answer. */
  readonly followRedirect?: boolean;
  /** Of the answer's body; 256 kB unless given. */
  readonly maxBytes?: number;
  /** Milliseconds for all of it, resolving and redirect included; 10 seconds unless given. */
  readonly deadline?: number;
};

export type OutboundAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
};

const defaultBytes = 256 * 1024;
const defaultDeadline = 10_000;
const headerBytes = 16 * 1024;
const redirects: readonly number[] = [301, 302, 303, 307, 308];

/**
 * Fetches over https from public addresses; `OUTBOUND_ALLOW` names what else may be reached, also by http. An answer of any
 * status is an answer. @throws OutboundError for everything else
 */
export async function guardedFetch(guard: Guard, request: OutboundRequest): Promise<OutboundAnswer> {
  const signal = AbortSignal.timeout(request.deadline ?? defaultDeadline);
  try {
    const first = judgeUrl(request.url, guard.allow);
    const answer = await send(guard, first, request, signal);
    const { location } = answer.headers;
    if (!request.followRedirect || !redirects.includes(answer.status) || location === undefined) return answer;
    // Who is not trusted with what operators named does not send anybody there.
    const allow = first.isAllowed ? guard.allow : [];
    const second = judgeUrl(URL.parse(location, first.url.href)?.href ?? '', allow);
    if (first.url.protocol === 'https:' && second.url.protocol === 'http:') throw new OutboundError('redirect to http');
    const last = await send(guard, second, redirected(request, answer.status, first, second), signal);
    if (redirects.includes(last.status)) throw new OutboundError('second redirect');
    return last;
  } catch (error) {
    throw signal.aborted ? new OutboundError('timeout') : outboundError(error);
  }
}

/** Resolves the host and checks its addresses, without connecting to any. @throws OutboundError */
export async function checkTarget(guard: Guard, url: string): Promise<void> {
  try {
    await addressesOf(guard, judgeUrl(url, guard.allow));
  } catch (error) {
    throw outboundError(error);
  }
}

/** What goes along (RFC 9110 15.4): to another origin neither body nor credentials. */
function redirected(request: OutboundRequest, status: number, { url: from }: Target, { url: to }: Target) {
  const { method, body, headers = {}, ...rest } = request;
  const isSame = from.origin === to.origin;
  const keepsMethod = status === 307 || status === 308;
  if (keepsMethod && body !== undefined && !isSame) throw new OutboundError('redirect of a body');
  const kept = Object.entries(headers).filter(
    ([name]) => name.toLowerCase() === 'accept' || (isSame && (keepsMethod || !/^content-/i.test(name))),
  );
  return {
    ...rest,
    headers: Object.fromEntries(kept),
    ...(keepsMethod && method !== undefined && { method }),
    ...(keepsMethod && body !== undefined && { body }),
  };
}

/** Every address of the host, none of which is private unless operators named it. */
async function addressesOf({ resolve = resolveAll }: Guard, { host, isAllowed }: Target): Promise<readonly Resolved[]> {
  const family = isIP(host);
  const found = family === 0 ? await resolve(host) : [{ address: host, family }];
  if (found.length === 0) throw new OutboundError('no address');
  if (!isAllowed && !found.every(({ address }) => isPublicAddress(address)))
    throw new OutboundError('an address that is not public');
  return found;
}

function resolveAll(host: string): Promise<readonly Resolved[]> {
  return lookup(host, { all: true });
}

async function send(
  guard: Guard,
  target: Target,
  request: Omit<OutboundRequest, 'url'>,
  signal: AbortSignal,
): Promise<OutboundAnswer> {
  const found = await beforeEnd(signal, addressesOf(guard, target));
  const { host, port, url } = target;
  const isTls = url.protocol === 'https:';
  const { method = 'GET', headers = {}, body, maxBytes = defaultBytes } = request;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = (isTls ? requestHttps : requestHttp)({
      hostname: host,
      port,
      path: `${url.pathname}${url.search}`,
      method,
      headers: {
        'user-agent': 'Signet',
        ...headers,
        host: url.port === '' ? nameOf(url) : `${nameOf(url)}:${url.port}`,
        'accept-encoding': 'identity',
        ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
      },
      // A name that leads elsewhere by now is not asked for again.
      lookup: answering(found, guard.dial),
      // No agent of somebody else's: neither its connections nor its proxy.
      agent: false,
      signal,
      maxHeaderSize: headerBytes,
      ...(isTls && {
        servername: isIP(host) === 0 ? host : '',
        minVersion: 'TLSv1.2',
        ...(guard.ca !== undefined && { ca: guard.ca }),
      }),
    });
    outgoing.on('error', reject);
    outgoing.once('response', resolve);
    outgoing.end(body);
  });
  try {
    return { status: answer.statusCode!, headers: answer.headers, body: await bodyOf(answer, maxBytes) };
  } finally {
    answer.destroy();
  }
}

/** A dot at the end names the same host, which knows itself without it. */
function nameOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, '');
}

/** Node dials these, one after the other until one connects, and no other. */
function answering(found: readonly Resolved[], dial = (address: string) => address): LookupFunction {
  const dialled = found.map(({ address, family }) => {
    const to = dial(address);
    return { address: to, family: to === address ? family : isIP(to) };
  });
  return (_host, { all }, done) => {
    if (all) done(null, dialled);
    else done(null, dialled[0]!.address, dialled[0]!.family);
  };
}

async function bodyOf(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = answer.headers['content-encoding'];
  // A small answer that unpacks to a large one would get past the cap.
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw new OutboundError('compressed');
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    length += part.byteLength;
    if (length > maxBytes) throw new OutboundError('too long');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Resolving a name cannot be ended, only left alone. */
async function beforeEnd<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let give: (() => void) | undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    give = () => reject(new OutboundError('timeout'));
    signal.addEventListener('abort', give, { once: true });
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    signal.removeEventListener('abort', give!);
  }
}

function outboundError(error: unknown): OutboundError {
  if (error instanceof OutboundError) return error;
  const { code, cause, name } = error as NodeJS.ErrnoException;
  const inner = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : undefined;
  return new OutboundError(inner?.code ?? code ?? (cause as NodeJS.ErrnoException | undefined)?.code ?? name);
}
