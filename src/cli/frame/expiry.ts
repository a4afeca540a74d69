// How long a new key or secret lives, as commands are told and as they tell it.
import { InvalidArgumentError, Option } from 'commander';
import { keyLifetime } from '../../domain/service-key.ts';
import { shownTime } from './output.ts';

/** `--expires-in`. `ordinary`: unless it is given, in milliseconds and in words. */
export function expiresInOption(what: string, ordinary: readonly [number | 'never', string]): Option {
  return new Option('--expires-in <time>', `after how many days or hours ${what} expires, as 90d or 12h; or never`)
    .default(...ordinary)
    .argParser(lifetime);
}

export type ExpiresInOption = { readonly expiresIn: number | 'never' };

/** Milliseconds; undefined: never. */
export function expiryFrom({ expiresIn }: ExpiresInOption, now: number): number | undefined {
  return expiresIn === 'never' ? undefined : now + expiresIn;
}

function lifetime(value: string): number | 'never' {
  const given = keyLifetime(value);
  if (given !== undefined) return given;
  throw new InvalidArgumentError('Days or hours up to ten years, as 90d or 12h, or never.');
}

export function expiryForScripts(expiresAt: number | undefined): string | null {
  return expiresAt === undefined ? null : shownTime(expiresAt);
}

/** Behind `The key ...`. */
export function expiryInWords(expiresAt: number | undefined): string {
  return expiresAt === undefined ? 'never expires' : `expires at ${shownTime(expiresAt)}`;
}
