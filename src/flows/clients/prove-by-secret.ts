// A client secret in the header or in the form.
import { liveSecrets } from '../../domain/client-secret.ts';
import { OAuthError } from '../../domain/errors.ts';
import type { Proof } from './authenticate.ts';
import { isSecret } from './secret.ts';
import { admitSecret } from './secret-limiter.ts';

/** RFC 6749 2.3.1. Every reading is compared with every secret, whichever is right, and all count as one guess. */
export const proveBySecret: Proof = async (deps, context, client, shown) => {
  const fitting = client.secrets.filter(
    (stored) => shown.filter((secret) => isSecret(deps, context.tenant.id, client.id, secret, stored)).length > 0,
  );
  const [right] = liveSecrets(fitting, context.now);
  await admitSecret(deps, context, client, right);
  if (right) return;
  // Whoever hears of the end knew the secret.
  const problem = fitting.length > 0 ? 'The client secret has expired.' : 'The client secret is wrong.';
  throw new OAuthError('invalid_client', problem);
};
