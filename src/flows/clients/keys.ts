// The keys that a client may have signed an assertion with: in its registration, or published at an address of its own.
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import { algsOf, type ClientJwk, usableKeysIn } from '../../domain/client-keys.ts';
import { OAuthError } from '../../domain/errors.ts';
import { OutboundError } from '../../domain/outbound.ts';
import { KeysUnavailable } from '../../verifier/errors.ts';
import { maxAgeOf } from '../../verifier/issuer-documents.ts';
import { type FetchedKeys, keepKeys, type KeptKeys } from '../../verifier/kept-keys.ts';

/** What an assertion says of its signature. */
type SignedWith = { readonly alg: string; readonly kid: string | undefined };

/** RFC 7515 4.1.4: those of the algorithm, and of the `kid` where both sides name one. @throws OAuthError invalid_client. */
export async function keysFor(deps: Deps, { id, metadata }: Client, by: SignedWith): Promise<readonly ClientJwk[]> {
  const { jwks, jwks_uri: uri } = metadata;
  if (uri === undefined) return fitting(jwks?.keys ?? [], by);
  try {
    return (await publishedKeys(deps, uri).find((keys) => someFitting(keys, by))) ?? [];
  } catch (error) {
    if (!(error instanceof KeysUnavailable)) throw error;
    const { cause } = error;
    const names = { client: id, jwksUri: uri, cause: cause instanceof OutboundError ? cause.reason : String(cause) };
    const hint =
      cause instanceof OutboundError ? '; OUTBOUND_ALLOW names hosts that are not public, or speak http' : '';
    deps.log.warn(names, `the keys of a client cannot be fetched${hint}`);
    throw new OAuthError('invalid_client', 'The keys at the jwks_uri of this client cannot be had.');
  }
}

function fitting(keys: readonly ClientJwk[], { alg, kid }: SignedWith): readonly ClientJwk[] {
  return keys.filter((key) => {
    const isOfAlg = (algsOf(key) as readonly string[]).includes(alg);
    return isOfAlg && (kid === undefined || key['kid'] === undefined || key['kid'] === kid);
  });
}

function someFitting(keys: readonly ClientJwk[], by: SignedWith): readonly ClientJwk[] | undefined {
  const found = fitting(keys, by);
  return found.length > 0 ? found : undefined;
}

type Published = KeptKeys<readonly ClientJwk[]>;

/** By what fetches them, which a process has one of; then by their address. */
const published = new WeakMap<Deps['outbound'], Map<string, Published>>();

const mostAddresses = 1000;

/** Seconds: a key that a client takes back counts no longer; and when its address is away, no sign-in fails at once. */
const times = { keysMaxAge: 300, keysCooldown: 30, keysOfflineFor: 3600 };

/** Milliseconds for one fetch: a program waits. */
const deadline = 5000;

function publishedKeys({ outbound, clock }: Deps, uri: string): Published {
  let all = published.get(outbound);
  if (!all) published.set(outbound, (all = new Map()));
  const known = all.get(uri);
  if (known) return known;
  if (all.size >= mostAddresses) all.delete(all.keys().next().value!);
  const load = async (): Promise<FetchedKeys<readonly ClientJwk[]>> => {
    const { status, headers, body } = await outbound({ url: uri, headers: { accept: 'application/json' }, deadline });
    const keys = status === 200 ? usableKeysIn(JSON.parse(body.toString())) : undefined;
    if (!keys) throw new Error(`status ${status}, or no key set`);
    return { keys, maxAge: maxAgeOf(headers['cache-control'], headers.age) };
  };
  const made = keepKeys(load, { ...times, now: clock });
  all.set(uri, made);
  return made;
}
