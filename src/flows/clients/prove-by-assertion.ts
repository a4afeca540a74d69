// Client assertions (RFC 7523): proven by a key of the client's own, or by its secret as a key.
import {
  type AssertionProblem,
  type ProvenAssertion,
  readAssertion,
  verifyAssertion,
} from '../../crypto/client-assertion.ts';
import { fingerprint } from '../../crypto/hash.ts';
import type { Deps } from '../../deps.ts';
import type { Client } from '../../domain/client.ts';
import { liveSecrets } from '../../domain/client-secret.ts';
import type { RequestContext } from '../../domain/context.ts';
import { OAuthError } from '../../domain/errors.ts';
import { spendAssertion } from '../../storage/client-assertions.ts';
import type { Proof } from './authenticate.ts';
import { keysFor } from './keys.ts';
import { secretAsKey } from './secret.ts';
import { admitSecret } from './secret-limiter.ts';

/** RFC 7523 2.2 with an asymmetric signature: `private_key_jwt`. */
export const proveByOwnKey: Proof = async (deps, context, client, [assertion = '']) => {
  assertSignedAsRegistered(client, assertion);
  const keys = await keysFor(deps, client, readAssertion(assertion)!);
  const proven = await verifyAssertion(assertion, keys, expected(context, client));
  await spendOnce(deps, context, client, proven);
};

/** The same with a MAC: `client_secret_jwt`. A wrong one is a guess at the secret. */
export const proveBySharedKey: Proof = async (deps, context, client, [assertion = '']) => {
  assertSignedAsRegistered(client, assertion);
  const { tenant, now } = context;
  const secrets = liveSecrets(client.secrets, now).flatMap((stored) => {
    const key = secretAsKey(deps, tenant.id, client.id, stored);
    return key ? [{ stored, key }] : [];
  });
  const keys = secrets.map(({ key }) => key);
  const proven = await verifyAssertion(assertion, keys, expected(context, client));
  // Whoever has the secret and got a claim wrong has guessed nothing.
  const isGuess = 'problem' in proven && proven.isForged === true;
  await admitSecret(deps, context, client, isGuess ? undefined : secrets[0]?.stored);
  await spendOnce(deps, context, client, proven);
};

function expected({ tenant, now }: RequestContext, { id }: Client) {
  return { clientId: id, issuer: tenant.issuer, now };
}

/** OpenID Connect Registration 1.0 2: `token_endpoint_auth_signing_alg`. */
function assertSignedAsRegistered({ metadata }: Client, assertion: string): void {
  const registered = metadata.token_endpoint_auth_signing_alg;
  if (registered !== undefined && readAssertion(assertion)!.alg !== registered)
    throw new OAuthError('invalid_client', `This client must sign its assertions with ${registered}.`);
}

/** RFC 7523 3: each `jti` of a client is good once, on all processes and after a restart. @throws OAuthError invalid_client. */
async function spendOnce(
  deps: Deps,
  { tenant, requestId, ip }: RequestContext,
  { id }: Client,
  proven: ProvenAssertion | AssertionProblem,
): Promise<void> {
  if ('problem' in proven) {
    deps.log.warn(
      { reqId: requestId, tenant: tenant.slug, client: id, ip, problem: proven.problem },
      'client assertion refused',
    );
    throw new OAuthError('invalid_client', proven.problem);
  }
  if (!(await spendAssertion(deps.db, tenant.id, id, fingerprint([proven.jti]), proven.expiresAt)))
    throw new OAuthError('invalid_client', 'The client assertion was used before (jti): make one for each request.');
}
