// A secret of a client, which only its making shows.
import Type from 'typebox';
import type { ClientSecret } from '../domain/client-secret.ts';
import { checked, type Rules } from './mistakes.ts';
import { closed, inWords, time } from './parts.ts';

export const secretShown = Type.Object(
  {
    id: Type.String({ description: '"registered" for the one of the registration.' }),
    added_at: Type.Optional(time),
    expires_at: Type.Optional(time),
    expired: Type.Boolean(),
  },
  { ...closed, title: 'ClientSecret' },
);

export function shownSecret({ id, addedAt, expiresAt }: ClientSecret, expired: boolean) {
  return {
    id,
    ...(addedAt !== undefined && { added_at: inWords(addedAt) }),
    ...(expiresAt !== undefined && { expires_at: inWords(expiresAt) }),
    expired,
  };
}

export const newSecret = Type.Object({ expires_at: Type.Optional(time) }, closed);

/** `expiresAt` in milliseconds; undefined: never. @throws Refusal invalid_input. */
export function checkedNewSecret(value: unknown, now: number): { readonly expiresAt: number | undefined } {
  const rules: Rules<typeof newSecret> = ({ expires_at: said }, path) => {
    const at = said === undefined ? Infinity : Date.parse(said);
    return at > now ? [] : [{ path: [...path, 'expires_at'], problem: 'must be a time that is still to come' }];
  };
  const { expires_at: said } = checked(newSecret, rules, value);
  return { expiresAt: said === undefined ? undefined : Date.parse(said) };
}
