// Types of claims.js, which is JavaScript because browsers run it as it stands.

export type Claim = {
  /** What the name means; empty where it says so itself. */
  readonly note: string;
  /** The value, for people; more than one line where it is an object. */
  readonly text: string;
  /** Of a time: ISO 8601, for `<time datetime>`. */
  readonly time?: string;
  /** Of a time: as the token has it. */
  readonly number?: number;
};

export function claimOf(name: string, value: unknown): Claim;

/** "30 Nov 2026, 20:15:00 UTC". `timeZone`: where nothing else is said, that of this machine. */
export function timeText(date: Date, timeZone?: string): string;

/** "JD" for "Jane Doe". */
export function initialsOf(name: string): string;
