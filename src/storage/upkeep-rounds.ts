// When the last round of maintenance was, by whichever process, so that a clock that jumps is noticed.
import { sql } from 'kysely';
import type { Db } from './database.ts';
import { statement } from './statement.ts';

/** Milliseconds: how far beyond the last round the next may be. More is a server that was down, or clocks that are wrong. */
export const longestPause = 3600_000;

/** Milliseconds for which nothing is deleted after a jump: time for somebody to notice. */
export const heldFor = 24 * 3600_000;

const note = statement(
  { now: 'timestamptz', pausedBefore: 'timestamptz', holdUntil: 'timestamptz' },
  (_q, p) =>
    sql<{ last_at: number | null; held: boolean }>`WITH before AS (SELECT last_at FROM upkeep_rounds)
      INSERT INTO upkeep_rounds AS r (only_row, last_at) VALUES (true, ${p.now})
      ON CONFLICT (only_row) DO UPDATE SET
        last_at = ${p.now},
        held_until = CASE
          WHEN r.last_at < ${p.pausedBefore} OR r.held_until > ${p.holdUntil} THEN ${p.holdUntil}
          ELSE r.held_until END
      RETURNING (SELECT last_at FROM before) AS last_at, COALESCE(held_until > ${p.now}, false) AS held`,
);

export type Round = {
  /** Milliseconds since the last round, negative when that was in what is now the future; undefined: there was none. */
  readonly since: number | undefined;
  /** Nothing is deleted in this round. */
  readonly held: boolean;
};

/** Notes that a round begins now. A last round from the future was made by a clock that was wrong, and binds nobody. */
export async function noteRound(db: Db, now: number): Promise<Round> {
  const row = (await note.first(db, {
    now,
    pausedBefore: now - longestPause,
    holdUntil: now + heldFor,
  }))!;
  return { since: row.last_at === null ? undefined : now - row.last_at, held: row.held };
}
