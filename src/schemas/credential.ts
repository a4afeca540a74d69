// What somebody proves who they are with, as administrators see it: that it is there, never what it is.
import Type from 'typebox';
import { sentMethods } from '../domain/factors.ts';
import { closed, inWords, time } from './parts.ts';

export const credentialShown = Type.Object(
  {
    id: Type.String({ description: 'Of the password and of the recovery codes, that word.' }),
    kind: Type.Enum(['password', 'totp', ...sentMethods, 'recovery_codes']),
    name: Type.Optional(Type.String()),
    created_at: Type.Optional(time),
    last_used_at: Type.Optional(time),
    change_by: Type.Optional(
      Type.String({ format: 'date-time', description: 'When a password ends that must be changed.' }),
    ),
    left: Type.Optional(Type.Integer({ description: 'How many recovery codes are unused.' })),
  },
  { ...closed, title: 'Credential' },
);

/** Times in milliseconds. */
export type Credential = {
  readonly id: string;
  readonly kind: 'password' | 'totp' | 'sms' | 'email' | 'recovery_codes';
  readonly name?: string | undefined;
  readonly createdAt?: number | undefined;
  readonly lastUsedAt?: number | undefined;
  readonly changeBy?: number | undefined;
  readonly left?: number | undefined;
};

export function shownCredential({ id, kind, name, createdAt, lastUsedAt, changeBy, left }: Credential) {
  return {
    id,
    kind,
    ...(name !== undefined && { name }),
    ...(createdAt !== undefined && { created_at: inWords(createdAt) }),
    ...(lastUsedAt !== undefined && { last_used_at: inWords(lastUsedAt) }),
    ...(changeBy !== undefined && { change_by: inWords(changeBy) }),
    ...(left !== undefined && { left }),
  };
}
