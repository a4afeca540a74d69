// Clocks that are compared: how far two are apart, and from when on they cannot be believed.

/** Milliseconds. A process whose clock is further from the database's deletes nothing and moves no key. */
export const mostClockDifference = 60_000;

/**
 * Milliseconds by which this machine is ahead, negative when it is behind. The other clock was read at some moment between
 * the two here: only what lies outside of them is a difference.
 */
export function clockDifference(there: number, asked: number, answered: number): number {
  if (there > answered) return answered - there;
  return there < asked ? asked - there : 0;
}

/** The difference in words. */
export function clocksApart(ahead: number): string {
  const which = ahead > 0 ? 'ahead of' : 'behind';
  return `The clock of this machine is ${(Math.abs(ahead) / 1000).toFixed(1)} s ${which} that of the database.`;
}
