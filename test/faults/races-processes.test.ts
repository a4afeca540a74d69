// The same races over two Signets on one database: once means once, whoever is asked.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAgent } from '../support/agent.ts';
import { expectDead, familyOf, liveLeaves } from '../support/families.ts';
import {
  authorizationRequest,
  authorizeInteractively,
  codeFlow,
  exchangeCode,
  refresh,
  spaClient,
  type TokenAnswer,
  webClient,
  world,
  meaningOf,
} from '../support/flow.ts';
import { gateStatements, statements } from '../support/gate.ts';
import { startSignet, type TestSignet } from '../support/signet.ts';

let signet: TestSignet;
let other: TestSignet;
/** Where each really listens: the issuer of both is the first one's address. */
let addresses: { issuer: string }[];
beforeAll(async () => {
  signet = await startSignet({ provision: world });
  other = await startSignet({ beside: signet });
  addresses = [signet, other].map(({ server }) => ({ issuer: server.url }));
});
afterAll(async () => {
  await other.stop();
  await signet.stop();
});

/** Twenty requests, by turns to one and the other. */
function twenty(ask: (at: { issuer: string }) => Promise<TokenAnswer>): Promise<TokenAnswer[]> {
  return Promise.all(Array.from({ length: 20 }, (_, i) => ask(addresses[i % 2]!)));
}

test('twenty exchanges of one code: at most one set of tokens, and it is dead', async () => {
  const asked = authorizationRequest(signet, webClient);
  const code = (await authorizeInteractively(createAgent(), asked)).get('code')!;
  const answers = await twenty((at) => exchangeCode(at, webClient, asked, code));
  const won = answers.filter(({ status }) => status === 200);
  expect(won.length).toBeLessThanOrEqual(1);
  for (const { body } of won) await expectDead(signet, webClient, body);
});

test('twenty refreshes of a public client: one child, the same tokens from both', async () => {
  const { tokens } = await codeFlow(signet, spaClient);
  const answers = await twenty((at) => refresh(at, spaClient, tokens.refresh_token));
  for (const { status, body } of answers) expect([status, meaningOf(body)]).toEqual([200, meaningOf(answers[0]!.body)]);
  expect((await familyOf(signet.database.url, tokens.access_token)).length).toBe(2);
  expect(await liveLeaves(signet.database.url, tokens.access_token)).toBe(1);
});

test('twenty refreshes of a confidential client without rotation: all answered', async () => {
  const { tokens } = await codeFlow(signet, webClient);
  const answers = await twenty((at) => refresh(at, webClient, tokens.refresh_token));
  for (const { status, body } of answers) expect([status, body.refresh_token]).toEqual([200, tokens.refresh_token]);
});

test('one has rotated and not answered: the other repeats the reply that is still to come', async () => {
  const gate = gateStatements(signet);
  const { tokens } = await codeFlow(signet, spaClient);
  const rotated = gate.hold('after', statements.useRefreshToken);
  const first = refresh(addresses[0]!, spaClient, tokens.refresh_token);
  await rotated.arrived;
  const second = await refresh(addresses[1]!, spaClient, tokens.refresh_token);
  gate.open();
  expect([second.status, meaningOf(second.body)]).toEqual([200, meaningOf((await first).body)]);
});

test('what one has revoked, the other refuses at once', async () => {
  const { tokens } = await codeFlow(signet, spaClient);
  await fetch(`${addresses[0]!.issuer}/oauth/revoke`, {
    method: 'POST',
    body: new URLSearchParams({ token: tokens.refresh_token, client_id: spaClient.client_id }),
  });
  const { status, body } = await refresh(addresses[1]!, spaClient, tokens.refresh_token);
  expect([status, body.error]).toEqual([400, 'invalid_grant']);
});
