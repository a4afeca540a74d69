// A signing key as administrators see it, and what they ask for who rotate.
import Type, { type Static } from 'typebox';
import { signingAlgs } from '../domain/client.ts';
import type { KeyInLife } from '../domain/key-life.ts';
import { checked } from './mistakes.ts';
import { closed, inWords, time } from './parts.ts';

export const signingKeyShown = Type.Object(
  {
    kid: Type.String(),
    alg: Type.Enum([...signingAlgs]),
    state: Type.Enum(['next', 'active', 'retired']),
    since: time,
  },
  { ...closed, title: 'SigningKey' },
);

export function shownSigningKey({ kid, alg, state, stateSince }: KeyInLife) {
  return { kid, alg, state, since: inWords(stateSince) };
}

export const rotation = Type.Object(
  {
    alg: Type.Optional(Type.Enum([...signingAlgs], { description: 'Only the key of this algorithm.' })),
    now: Type.Optional(Type.Boolean({ description: 'The new key signs at once, before every cache can know it.' })),
  },
  closed,
);

export const rotationDone = Type.Object(
  {
    items: Type.Array(
      Type.Object(
        {
          kid: Type.String(),
          alg: Type.Enum([...signingAlgs]),
          active_at: time,
          retires: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'Rotation' },
);

/** @throws Refusal invalid_input with every mistake. */
export function checkedRotation(value: unknown): Static<typeof rotation> {
  return checked(rotation, () => [], value);
}
