// Disabling the last administrator, which takes somebody who insists.
import { contextWithoutRequest } from '../../src/domain/context.ts';
import { tenantBySlug } from '../../src/flows/tenants/find.ts';
import { disableUser } from '../../src/flows/users/disable.ts';
import type { TestSignet } from './signet.ts';

export async function disableByForce({ server, clock }: TestSignet, username: string): Promise<void> {
  const tenant = (await tenantBySlug(server.deps, 'default'))!;
  await disableUser(server.deps, contextWithoutRequest(server.deps, tenant, clock.now), username, { force: true });
}
