// An address as others see it: the document it answers with, and the certificate it shows.
import { connect } from 'node:tls';

export type Answer =
  | { readonly kind: 'answer'; readonly status: number; readonly location: string | undefined; readonly body: string }
  /** `code` as Node or OpenSSL name it, such as ECONNREFUSED; `timeout` when nothing came in time. */
  | { readonly kind: 'failure'; readonly code: string; readonly message: string };

/** More than any document of ours; what follows is not read. */
const longest = 65_536;

/** GETs `url` as a stranger would: no redirect is followed. `patience` in milliseconds. */
export async function getFromOutside(url: string, patience: number): Promise<Answer> {
  try {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(patience),
    });
    const location = response.headers.get('location') ?? undefined;
    return { kind: 'answer', status: response.status, location, body: await beginning(response) };
  } catch (error) {
    return failureOf(error);
  }
}

async function beginning(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body ?? []) {
    parts.push(part as Uint8Array);
    length += (part as Uint8Array).byteLength;
    if (length >= longest) break;
  }
  return Buffer.concat(parts).subarray(0, longest).toString('utf8');
}

function failureOf(error: unknown): Answer {
  const { name, cause, message } = error as Error;
  if (name === 'TimeoutError') return { kind: 'failure', code: 'timeout', message };
  // Of several addresses of one host, the first says as much as all.
  const inner = (cause instanceof AggregateError ? cause.errors[0] : cause) as NodeJS.ErrnoException | undefined;
  return { kind: 'failure', code: inner?.code ?? '', message: inner?.message || message };
}

/** Times in milliseconds. `distrust`: why a client refuses it, as OpenSSL names it. */
export type ShownCertificate = { readonly validTo: number; readonly distrust: string | undefined };

/** The certificate shown at `host` and `port`, trusted or not; undefined when nobody speaks TLS there in time. */
export function shownCertificate(host: string, port: number, patience: number): Promise<ShownCertificate | undefined> {
  return new Promise((resolve) => {
    const isName = /[a-z]/i.test(host) && !host.includes(':');
    const socket = connect({ host, port, ...(isName && { servername: host }), rejectUnauthorized: false });
    const settle = (shown: ShownCertificate | undefined) => {
      socket.destroy();
      resolve(shown);
    };
    socket.setTimeout(patience, () => settle(undefined));
    socket.once('error', () => settle(undefined));
    socket.once('secureConnect', () => {
      const { valid_to: validTo } = socket.getPeerCertificate();
      const distrust = socket.authorized ? undefined : String(socket.authorizationError);
      settle(validTo ? { validTo: Date.parse(validTo), distrust } : undefined);
    });
  });
}
