// The parts that schemas are made of, and what their patterns ask for in words.
import Type from 'typebox';

export const closed = { additionalProperties: false } as const;
export const text = Type.String({ minLength: 1, maxLength: 2000 });
export const texts = Type.Array(text, { maxItems: 100 });
export const seconds = (most: number) => Type.Integer({ minimum: 1, maximum: most });
export const year = 366 * 24 * 3600;

export const clientIdPattern = '^[\\x20-\\x7e]{1,200}$';
export const secretPattern = '^[\\x20-\\x7e]{1,512}$';
export const datePattern = '^\\d{4}(-\\d{2}-\\d{2})?$';

/** What each pattern asks for, in words. */
export const patternWords: Readonly<Record<string, string>> = {
  [clientIdPattern]: 'must be 1 to 200 printable ASCII characters',
  [secretPattern]: 'must be 1 to 512 printable ASCII characters',
  [datePattern]: 'must be a date as YYYY-MM-DD, or a year as YYYY',
};

export const scope = Type.Union([text, Type.Object({ name: text, description: Type.Optional(text) }, closed)]);
