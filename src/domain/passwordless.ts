// What is sent to sign in with: a link, or six digits.

/** Milliseconds for which a mailed link or code signs somebody in. */
export const signInMailFor = 10 * 60_000;

/** Milliseconds for which a code of a second factor that was sent is good. */
export const factorCodeFor = 10 * 60_000;

/** Milliseconds after which another one may be asked for. */
export const resendAfter = 30_000;

/** Seconds for which a session token is good. */
export const sessionTokenLifetime = 24 * 3600;

/** How often a code that was sent may be guessed at before it is worth nothing. */
export const guessesOfCode = 5;
