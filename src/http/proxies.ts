// Where a proxy speaks TLS, nobody gets around it: requests from elsewhere, or that reached it in the clear, are refused.
import { BlockList, isIP } from 'node:net';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { opsPaths } from '../domain/endpoints.ts';
import { bareAddress } from './address.ts';

/** `trusted`: addresses and networks of the proxies. What load balancers ask (`/live`, `/ready`) is answered to everybody. */
export function serveProxiesOnly(app: FastifyInstance, trusted: readonly string[]): void {
  const proxies = new BlockList();
  for (const entry of trusted) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) proxies.addAddress(address, family);
    else proxies.addSubnet(address, Number(prefix), family);
  }
  const isProxy = (peer: string) => proxies.check(peer, isIP(peer) === 6 ? 'ipv6' : 'ipv4');
  app.addHook('onRequest', (request, reply, done) => {
    if (opsPaths.some((path) => request.raw.url === path)) return done();
    const peer = bareAddress(request.raw.socket.remoteAddress ?? '');
    const problem =
      peer === undefined || !isProxy(peer)
        ? 'This server is reached through its proxy only.'
        : cameInTheClear(request)
          ? 'The proxy says that this came by http: use https.'
          : undefined;
    if (problem === undefined) return done();
    void reply.code(403).send({ error: 'invalid_request', error_description: problem });
  });
}

/** What the nearest proxy says; one that says nothing is believed to speak TLS, because PUBLIC_URL says so. */
function cameInTheClear(request: FastifyRequest): boolean {
  const said = request.headers['x-forwarded-proto'];
  return said !== undefined && String(said).split(',').at(-1)!.trim().toLowerCase() !== 'https';
}
