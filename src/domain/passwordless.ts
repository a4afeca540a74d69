// Signing in by what is mailed: a link, or six digits.

/** Milliseconds for which a mailed link or code signs somebody in. */
export const signInMailFor = 10 * 60_000;

/** Seconds for which a session token is good. */
export const sessionTokenLifetime = 24 * 3600;

/** How often a mailed code may be guessed at before it is worth nothing. */
export const guessesOfCode = 5;
