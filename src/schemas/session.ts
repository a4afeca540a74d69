// A session as administrators are shown one.
import Type, { type Static } from 'typebox';
import { closed, inWords, time } from './parts.ts';

export const sessionShown = Type.Object(
  {
    id: Type.String({ format: 'uuid', description: 'The sid of tokens. Opens nothing.' }),
    user_id: Type.String({ format: 'uuid' }),
    username: Type.String(),
    started_at: time,
    last_seen_at: time,
    idle_expires_at: Type.String({ format: 'date-time', description: 'When it ends unless it is used before.' }),
    expires_at: Type.String({ format: 'date-time', description: 'When it ends at the latest.' }),
    ip: Type.Optional(Type.String({ description: 'Where its person signed in from.' })),
    user_agent: Type.Optional(Type.String()),
  },
  { ...closed, title: 'Session' },
);
export type SessionShown = Static<typeof sessionShown>;

/** Times in milliseconds. */
export function shownSession(given: {
  readonly id: string;
  readonly userId: string;
  readonly username: string;
  readonly startedAt: number;
  readonly lastSeenAt: number;
  readonly idleExpiresAt: number;
  readonly expiresAt: number;
  readonly ip: string | undefined;
  readonly userAgent: string | undefined;
}): SessionShown {
  return {
    id: given.id,
    user_id: given.userId,
    username: given.username,
    started_at: inWords(given.startedAt),
    last_seen_at: inWords(given.lastSeenAt),
    idle_expires_at: inWords(given.idleExpiresAt),
    expires_at: inWords(given.expiresAt),
    ...(given.ip !== undefined && { ip: given.ip }),
    ...(given.userAgent !== undefined && { user_agent: given.userAgent }),
  };
}

/** What of it does not change with each use: of this its ETag is made. */
export function lastingOf({ last_seen_at: _seen, idle_expires_at: _idle, ...lasting }: SessionShown): object {
  return lasting;
}
