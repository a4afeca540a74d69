// A client secret in the header or in the form.
import type { Client } from '../../domain/client.ts';
import { liveSecrets } from '../../domain/client-secret.ts';
import { OAuthError } from '../../domain/errors.ts';
import { findClient } from '../../storage/clients.ts';
import type { Proof } from './authenticate.ts';
import { isSecret } from './secret.ts';
import { admitSecret } from './secret-limiter.ts';

/** RFC 6749 2.3.1. Every reading is compared with every secret, whichever is right, and all count as one guess. */
export const proveBySecret: Proof = async (deps, context, client, shown) => {
  const { tenant, now } = context;
  const fittingOf = ({ secrets }: Client) =>
    secrets.filter(
      (stored) => shown.filter((secret) => isSecret(deps, tenant.id, client.id, secret, stored)).length > 0,
    );
  const fitting = fittingOf(client);
  const [right] = liveSecrets(fitting, now);
  await admitSecret(deps, context, client, right);
  if (right) return;
  // It may have been made a moment ago, by another process: what was answered as readable is readable.
  const stored = await findClient(deps.db, tenant.id, client.id);
  const [added] = stored && !stored.disabled ? liveSecrets(fittingOf(stored), now) : [];
  if (added) return admitSecret(deps, context, client, added);
  // Whoever hears of the end knew the secret.
  const problem = fitting.length > 0 ? 'The client secret has expired.' : 'The client secret is wrong.';
  throw new OAuthError('invalid_client', problem);
};
