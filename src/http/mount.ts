// The path that Signet stands under where it shares a host: taken off each address before anything is looked for.
import { discoveryPaths, opsPaths } from '../domain/endpoints.ts';

/** The path of PUBLIC_URL: empty, or such as `/id`. */
export function mountPathOf(publicUrl: string): string {
  return new URL(publicUrl).pathname.replace(/\/$/, '');
}

/** Where nothing is. */
const nowhere = '/-';

/**
 * What an address of a request means below `mount`. RFC 8414 3.1: the documents also stand at the host's own `/.well-known/`, with
 * the issuer's path behind. Everything else of the host is somebody else's: the path is neither left out nor taken off twice, so
 * that what a proxy says of an address is true of what is answered. Probes come to this server itself.
 */
export function withoutMount(mount: string, address: string): string {
  const inserted = discoveryPaths.find((path) => isBelow(`${path}${mount}`, address));
  if (inserted !== undefined) return inserted + address.slice(inserted.length + mount.length);
  if (opsPaths.some((path) => path === address)) return address;
  if (!isBelow(mount, address)) return nowhere;
  const rest = address.slice(mount.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function isBelow(path: string, address: string): boolean {
  return address.startsWith(path) && /^(?:[/?]|$)/.test(address.slice(path.length));
}
