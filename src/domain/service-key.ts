// Keys of service accounts: what one may be called, how long it lives, and how many an account may have.

/** What is known of a key; the key itself is known to its holder alone. Milliseconds. */
export type ServiceKey = {
  readonly name: string;
  readonly createdAt: number;
  /** undefined: never. */
  readonly lastUsedAt: number | undefined;
  /** undefined: it does not expire. */
  readonly expiresAt: number | undefined;
};

/** That have not expired, of one account: enough for every program to have its own, and to change them one by one. */
export const mostLivingKeys = 20;

/** Milliseconds: a year, so that what was forgotten somewhere stops by itself. */
export const defaultKeyLifetime = 365 * 24 * 3600_000;

/** The first key of an account, when nobody says another name. */
export const firstKeyName = 'first';

/** Why a key may not be called this, or undefined when it may. */
export function keyNameProblem(name: string): string | undefined {
  const isName = name.trim() === name && name.length >= 1 && name.length <= 100 && !/\p{Cc}/u.test(name);
  return isName ? undefined : 'must have 1 to 100 characters, none of them a control character, and no space around';
}

const units: Readonly<Record<string, number>> = { h: 3600_000, d: 24 * 3600_000 };

/** `90d` or `12h` in milliseconds, or `never`; undefined for anything else. Ten years at most. */
export function keyLifetime(text: string): number | 'never' | undefined {
  if (text === 'never') return text;
  const [, count, unit] = /^([1-9]\d{0,4})([hd])$/.exec(text) ?? [];
  const lifetime = Number(count) * (units[unit ?? ''] ?? NaN);
  return lifetime <= 10 * defaultKeyLifetime ? lifetime : undefined;
}

/** Whether a key still opens something. */
export function isKeyAlive({ expiresAt }: Pick<ServiceKey, 'expiresAt'>, now: number): boolean {
  return expiresAt === undefined || expiresAt > now;
}
