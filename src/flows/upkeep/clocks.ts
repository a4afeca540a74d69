// This machine's clock beside the database's: a process whose clock is wrong must not act on what only it believes.
import type { Deps } from '../../deps.ts';
import { clockDifference, clocksApart, mostClockDifference } from '../../domain/clock.ts';
import { databaseTime } from '../../storage/clock.ts';

/** What is wrong, in words; undefined when they agree. @throws Unavailable when the database does not answer. */
export async function clockTrouble({
  db,
  machineClock,
}: Pick<Deps, 'db' | 'machineClock'>): Promise<string | undefined> {
  const asked = machineClock();
  const there = await databaseTime(db);
  const ahead = clockDifference(there, asked, machineClock());
  return Math.abs(ahead) > mostClockDifference ? clocksApart(ahead) : undefined;
}
