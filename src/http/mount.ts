// The path that Signet stands under where it shares a host: taken off each address before anything is looked for.
import { discoveryPaths } from '../domain/endpoints.ts';

/** The path of PUBLIC_URL: empty, or such as `/id`. */
export function mountPathOf(publicUrl: string): string {
  return new URL(publicUrl).pathname.replace(/\/$/, '');
}

/**
 * What an address of a request means below `mount`. RFC 8414 3.1: the documents also stand at the host's own `/.well-known/`, with
 * the issuer's path behind. An address without the path is left as it is: a proxy may have taken it off.
 */
export function withoutMount(mount: string, address: string): string {
  const inserted = discoveryPaths.find((path) => isBelow(`${path}${mount}`, address));
  if (inserted !== undefined) return inserted + address.slice(inserted.length + mount.length);
  if (!isBelow(mount, address)) return address;
  const rest = address.slice(mount.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function isBelow(path: string, address: string): boolean {
  return address.startsWith(path) && /^(?:[/?]|$)/.test(address.slice(path.length));
}
