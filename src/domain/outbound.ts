// Where Signet may fetch from: the rules that an address is judged by before its name is resolved, and the error for all of them.

/** A host and port that operators let Signet reach although it is private or speaks plain http; IPv6 without brackets. */
export type AllowedTarget = { readonly host: string; readonly port: number };

/** An address that may be asked for, as far as its text says. */
export type Target = {
  readonly url: URL;
  /** Without brackets and without the dot at the end. */
  readonly host: string;
  readonly port: number;
  /** It stands in `OUTBOUND_ALLOW`: private addresses and plain http are allowed. */
  readonly isAllowed: boolean;
};

/** Says the same whatever happened: from the difference between two failures somebody could map a network. `reason`: for the log alone. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';
  readonly reason: string;

  constructor(reason: string) {
    super('The address could not be fetched.');
    this.reason = reason;
  }
}

/** `host:port`, or `[::1]:8080`; undefined for anything else. */
export function parseAllowed(text: string): AllowedTarget | undefined {
  const [, host, port] = /^([a-z\d.-]+|\[[a-f\d:.]+\]):(\d{1,5})$/i.exec(text) ?? [];
  const url = host === undefined ? null : URL.parse(`http://${host}`);
  const number = Number(port);
  if (url === null || url.pathname !== '/' || number < 1 || number > 65_535) return undefined;
  return { host: plainHost(url), port: number };
}

/** Whether operators named this host and port. */
export function isAllowedTarget(allow: readonly AllowedTarget[], host: string, port: number): boolean {
  return allow.some((target) => target.host === host && target.port === port);
}

/** @throws OutboundError when the text alone forbids it: another scheme, a login in it, http where https is required. */
export function judgeUrl(text: string, allow: readonly AllowedTarget[]): Target {
  const url = URL.parse(text);
  if (url === null) throw new OutboundError('not an address');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new OutboundError('scheme');
  if (url.username !== '' || url.password !== '') throw new OutboundError('login in the address');
  const host = plainHost(url);
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const isAllowed = isAllowedTarget(allow, host, port);
  if (url.protocol === 'http:' && !isAllowed) throw new OutboundError('http');
  return { url, host, port, isAllowed };
}

/** The host of an address, without brackets and without the dot at the end, which names the same host. */
export function plainHost({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
}
