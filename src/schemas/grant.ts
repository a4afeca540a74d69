// Grants and consents as administrators are shown them, and what is asked for when tokens are to be revoked.
import Type, { type Static } from 'typebox';
import type { Mistake, Path } from '../domain/mistake.ts';
import { checked } from './mistakes.ts';
import { closed, inWords, time } from './parts.ts';

export const grantShown = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: 'The grant_id of access tokens.' }),
    client_id: Type.String(),
    user_id: Type.Optional(Type.String({ format: 'uuid' })),
    session_id: Type.Optional(Type.String({ format: 'uuid', description: 'Where it was authorized.' })),
    scopes: Type.Array(Type.String()),
    resources: Type.Array(Type.String()),
    offline: Type.Boolean({ description: 'True: it outlives its session.' }),
    created_at: time,
    expires_at: time,
    revoked_at: Type.Optional(time),
  },
  { ...closed, title: 'Grant' },
);
export type GrantShown = Static<typeof grantShown>;

/** Times in milliseconds. */
export function shownGrant(given: {
  readonly id: string;
  readonly clientId: string;
  readonly userId: string | undefined;
  readonly sessionId: string | undefined;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly offline: boolean;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly revokedAt: number | undefined;
}): GrantShown {
  return {
    id: given.id,
    client_id: given.clientId,
    ...(given.userId !== undefined && { user_id: given.userId }),
    ...(given.sessionId !== undefined && { session_id: given.sessionId }),
    scopes: [...given.scopes],
    resources: [...given.resources],
    offline: given.offline,
    created_at: inWords(given.createdAt),
    expires_at: inWords(given.expiresAt),
    ...(given.revokedAt !== undefined && { revoked_at: inWords(given.revokedAt) }),
  };
}

/** What a client may do for somebody: consented to, or by a grant that outlives sessions. */
export const consentShown = Type.Object(
  {
    client_id: Type.String(),
    client_name: Type.String(),
    scopes: Type.Array(Type.String()),
    granted_at: time,
    expires_at: Type.Optional(
      Type.String({ format: 'date-time', description: 'When what outlives sessions ends; nothing does without it.' }),
    ),
  },
  { ...closed, title: 'Consent' },
);

/** Times in milliseconds. */
export function shownConsent(given: {
  readonly clientId: string;
  readonly clientName: string;
  readonly scopes: readonly string[];
  readonly grantedAt: number;
  readonly expiresAt: number | undefined;
}): Static<typeof consentShown> {
  return {
    client_id: given.clientId,
    client_name: given.clientName,
    scopes: [...given.scopes],
    granted_at: inWords(given.grantedAt),
    ...(given.expiresAt !== undefined && { expires_at: inWords(given.expiresAt) }),
  };
}

const named = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 200, description }));

/** What is to be revoked, in one of four ways. */
export const revocation = Type.Object(
  {
    token: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 20_000,
        description: 'An access token, which ends alone, or a refresh token, which ends with its grant.',
      }),
    ),
    grant_id: named('The grant, with all its tokens.'),
    user_id: named('Every session and grant of the user.'),
    client_id: named('Every grant of the client.'),
  },
  { ...closed, title: 'Revocation' },
);
export type RevocationEntry = Static<typeof revocation>;

/** @throws Refusal invalid_input with every mistake. */
export function checkedRevocation(value: unknown): RevocationEntry {
  return checked(revocation, oneWay, value);
}

function oneWay(value: RevocationEntry, path: Path): Mistake[] {
  const [first, ...others] = Object.keys(value);
  if (first === undefined) return [{ path, problem: `needs one of ${Object.keys(revocation.properties).join(', ')}` }];
  return others.map((name) => ({ path: [...path, name], problem: `stands beside ${first}: give one of them` }));
}

/** How many of each have ended. */
export const revokedShown = Type.Object(
  { grants: Type.Integer(), sessions: Type.Integer(), tokens: Type.Integer() },
  { ...closed, title: 'Revoked' },
);
