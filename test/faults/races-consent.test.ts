// Consent taken back while a code is on its way: whichever was first, nothing is left that works.
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { query } from '../support/database.ts';
import { revokeAccess } from '../support/endings.ts';
import { authorizationRequest, codeFlow, exchangeCode, webClient, world } from '../support/flow.ts';
import { type Gate, gateStatements, statements } from '../support/gate.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let gate: Gate;
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  gate = gateStatements(signet);
});
afterEach(() => gate.open());
afterAll(() => signet.stop());

test('taken back after the decision and before the code: no code, the person is asked again', async () => {
  const { agent } = await codeFlow(signet, webClient);
  const issue = gate.hold('before', statements.issueCode);
  const answering = agent.get(authorizationRequest(signet, webClient).url);
  await issue.arrived;
  await revokeAccess(signet, agent, 'web');
  issue.open();
  const answer = await agent.follow(await answering, signet.issuer);
  expect(answer.body).toContain('id="consent-allow"');
  expect(await query(signet.database.url, 'SELECT 1 FROM grants WHERE revoked_at IS NULL')).toEqual([]);
});

test('taken back when the code is there and not sent yet: the code buys nothing', async () => {
  const { agent } = await codeFlow(signet, webClient, { agent: createAgent() });
  const asked = authorizationRequest(signet, webClient);
  const issued = gate.hold('after', statements.issueCode);
  const answering = agent.get(asked.url);
  await issued.arrived;
  await revokeAccess(signet, agent, 'web');
  issued.open();
  const code = new URL((await answering).location!).searchParams.get('code')!;
  expect((await exchangeCode(signet, webClient, asked, code)).body.error).toBe('invalid_grant');
});

test('taken back while a code is being issued: the revocation waits for it, and ends its family', async () => {
  const { agent } = await codeFlow(signet, webClient);
  const other = new pg.Client({ connectionString: signet.database.url });
  await other.connect();
  try {
    // What issuing a code does, stopped before its commit.
    await other.query('BEGIN');
    await other.query('SELECT 1 FROM consents FOR KEY SHARE');
    await other.query(
      `INSERT INTO grants SELECT g.tenant_id, gen_random_uuid(), client_id, user_id, session_id, scopes, resources, offline, authenticated_at,
         amr, acr, mfa_method, mfa_verified_at, created_at, last_used_at, expires_at FROM grants g WHERE revoked_at IS NULL LIMIT 1`,
    );
    const revoking = revokeAccess(signet, agent, 'web');
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await expect.poll(() => query(signet.database.url, waiting)).toHaveLength(1);
    await other.query('COMMIT');
    await revoking;
  } finally {
    await other.end();
  }
  expect(await query(signet.database.url, 'SELECT 1 FROM grants WHERE revoked_at IS NULL')).toEqual([]);
});

test('another scope or resource than the consent covers: no code, also when the decision was made before', async () => {
  const { agent } = await codeFlow(signet, webClient);
  const issue = gate.hold('before', statements.issueCode);
  const answering = agent.get(authorizationRequest(signet, webClient).url);
  await issue.arrived;
  await query(signet.database.url, `UPDATE consents SET scopes = '{openid}'`);
  issue.open();
  const answer = await agent.follow(await answering, signet.issuer);
  expect(answer.body).toContain('id="consent-allow"');
});
