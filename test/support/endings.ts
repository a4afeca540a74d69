// The ways in which a person ends what they allowed: signing out, and taking a client's access back.
import { expect } from 'vitest';
import { type Agent, field } from './agent.ts';

/** Signs the browser out, with the confirmation. */
export async function signOut(signet: { issuer: string }, agent: Agent): Promise<void> {
  const page = await agent.get(`${signet.issuer}/oauth/logout`);
  const done = await agent.post(`${signet.issuer}/sign-out`, { csrf: field(page, 'csrf'), decision: 'confirm' });
  expect(done.status).toBe(200);
}

/** Takes back on the account page what the person allowed `clientId`. */
export async function revokeAccess(signet: { issuer: string }, agent: Agent, clientId: string): Promise<void> {
  const page = await agent.get(`${signet.issuer}/account/applications`);
  const form = { csrf: field(page, 'csrf'), client_id: clientId };
  const done = await agent.post(`${signet.issuer}/account/consents/revoke`, form);
  expect(done.location).toContain('notice=access_revoked');
}
