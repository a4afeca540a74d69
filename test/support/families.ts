// Token families as the database holds them, and what the outside makes of their tokens.
import { expect } from 'vitest';
import { query } from './database.ts';
import { claimsOf, getUserinfo, refresh, type TestClient, type Tokens } from './flow.ts';

type Member = { generation: number; rotated: boolean; revoked: boolean };

/** The refresh tokens of the family that `accessToken` is of, oldest first. */
export function familyOf(databaseUrl: string, accessToken: string): Promise<Member[]> {
  return query<Member>(
    databaseUrl,
    `SELECT t.generation, t.rotated_at IS NOT NULL AS rotated, g.revoked_at IS NOT NULL AS revoked
     FROM refresh_tokens t JOIN grants g ON g.tenant_id = t.tenant_id AND g.id = t.grant_id
     WHERE g.id = $1 ORDER BY t.generation`,
    [claimsOf(accessToken)['grant_id']],
  );
}

/** How many refresh tokens of the family could be used now: a healthy one has one, an ended one none. */
export async function liveLeaves(databaseUrl: string, accessToken: string): Promise<number> {
  return (await familyOf(databaseUrl, accessToken)).filter(({ rotated, revoked }) => !rotated && !revoked).length;
}

/** Nothing of these tokens works any more. */
export async function expectDead(signet: { issuer: string }, client: TestClient, tokens: Tokens): Promise<void> {
  expect((await getUserinfo(signet, tokens.access_token)).status).toBe(401);
  const again = await refresh(signet, client, tokens.refresh_token);
  expect([again.status, again.body.error]).toEqual([400, 'invalid_grant']);
}
