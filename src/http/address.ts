// The network address that a request came from, read once, however a proxy wrote it.
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * Without port and brackets, which some proxies add to `X-Forwarded-For`. What is no address is the peer's: a value that was
 * not read is a name that a stranger chose, and each would have a budget of its own.
 */
export function addressOf(request: FastifyRequest): string {
  const given = bareAddress(request.ip);
  return given ?? bareAddress(request.raw.socket.remoteAddress ?? '') ?? '';
}

/** Undefined when it is no address. */
export function bareAddress(given: string): string | undefined {
  if (isIP(given) !== 0) return withoutZone(given);
  const bare = /^\[([0-9a-f:.]+)\](?::\d{1,5})?$/i.exec(given)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(given)?.[1];
  return bare !== undefined && isIP(bare) !== 0 ? bare : undefined;
}

/** The interface it came by says nothing about who it was. */
function withoutZone(address: string): string {
  return address.split('%', 1)[0]!;
}
