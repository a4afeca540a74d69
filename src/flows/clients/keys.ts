// The keys that a client may have signed an assertion with: those of its registration.
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import { algsOf, type ClientJwk } from '../../domain/client-keys.ts';
import type { RequestContext } from '../../domain/context.ts';

/** RFC 7515 4.1.4: those of the algorithm, and of the `kid` where both sides name one. */
export async function keysFor(
  _deps: Deps,
  _context: RequestContext,
  { metadata }: Client,
  { alg, kid }: { readonly alg: string; readonly kid: string | undefined },
): Promise<readonly ClientJwk[]> {
  const keys = metadata.jwks?.keys ?? [];
  return keys.filter(
    (key) =>
      (algsOf(key) as readonly string[]).includes(alg) &&
      (kid === undefined || key['kid'] === undefined || key['kid'] === kid),
  );
}
