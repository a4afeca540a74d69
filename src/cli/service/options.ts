// How long a new key lives, as commands are told.
import { InvalidArgumentError, Option } from 'commander';
import { defaultKeyLifetime, keyLifetime } from '../../domain/service-key.ts';

/** `--expires-in`, a year unless it is given. */
export function expiresInOption(): Option {
  return new Option('--expires-in <time>', 'after how many days or hours the key expires, as 90d or 12h; or never')
    .default(defaultKeyLifetime, '365d')
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
