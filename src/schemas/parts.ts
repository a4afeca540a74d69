// The parts that schemas are made of, and what their patterns ask for in words.
import Type from 'typebox';
import { adminRolePattern } from '../domain/admin-rights.ts';

export const closed = { additionalProperties: false } as const;
export const text = Type.String({ minLength: 1, maxLength: 2000 });
export const texts = Type.Array(text, { maxItems: 100 });
export const seconds = (most: number) => Type.Integer({ minimum: 1, maximum: most });
export const year = 366 * 24 * 3600;

/** RFC 3339, in UTC. */
export const time = Type.String({ format: 'date-time' });

/** `at` in milliseconds since 1970, as {@link time}. */
export function inWords(at: number): string {
  return new Date(at).toISOString();
}

export const clientIdPattern = '^[\\x20-\\x7e]{1,200}$';
export const secretPattern = '^[\\x20-\\x7e]{1,512}$';
/** Of roles at the admin API. Whether there is such a role is asked with the tenant at hand. */
export const adminRoleNames = Type.Array(Type.String({ pattern: adminRolePattern }), {
  maxItems: 50,
});

export const datePattern = '^\\d{4}(-\\d{2}-\\d{2})?$';

export const serviceKeyPattern = '^sgk_[A-Za-z0-9_-]{43}$';
export const sha256Pattern = '^[0-9a-f]{64}$';
export const timePattern = '^(never|\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,3})?(Z|[+-]\\d{2}:\\d{2}))?)$';

/** What each pattern asks for, in words. */
export const patternWords: Readonly<Record<string, string>> = {
  [clientIdPattern]: 'must be 1 to 200 printable ASCII characters',
  [secretPattern]: 'must be 1 to 512 printable ASCII characters',
  [adminRolePattern]: 'must be 1 to 50 lower-case letters, digits, "-" or "_", beginning with a letter',
  [datePattern]: 'must be a date as YYYY-MM-DD, or a year as YYYY',
  [serviceKeyPattern]: 'must be sgk_ and 43 letters, digits, "-" or "_": "signet service key add" makes one',
  [sha256Pattern]: 'must be the SHA-256 of the key as 64 digits of 0-9 and a-f',
  [timePattern]: 'must be a date as YYYY-MM-DD, a time as YYYY-MM-DDThh:mm:ssZ, or never',
};

export const scope = Type.Union([text, Type.Object({ name: text, description: Type.Optional(text) }, closed)]);
