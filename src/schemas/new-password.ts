// What an administrator asks for who gives somebody another password.
import Type, { type Static } from 'typebox';
import { passwordProblem } from '../domain/user.ts';
import { checked } from './mistakes.ts';
import { closed } from './parts.ts';

export const newPassword = Type.Object(
  {
    password: Type.Optional(Type.String({ minLength: 1 })),
    generate: Type.Optional(Type.Literal(true)),
    send_link: Type.Optional(Type.Literal(true)),
  },
  { ...closed, description: 'One of the three.' },
);

export const passwordMade = Type.Object(
  {
    password: Type.Optional(Type.String({ description: 'The one that was made, shown this once.' })),
    sessions_ended: Type.Integer(),
    grants_revoked: Type.Integer(),
  },
  { ...closed, title: 'NewPassword' },
);

/** @throws Refusal invalid_input with every mistake. */
export function checkedNewPassword(value: unknown): Static<typeof newPassword> {
  return checked(
    newPassword,
    ({ password, ...ways }, path) => {
      const asked = Object.keys({ ...(password !== undefined && { password }), ...ways });
      const weakness = password === undefined ? undefined : passwordProblem(password);
      return [
        ...(asked.length === 1 ? [] : [{ path, problem: 'must have one of password, generate and send_link' }]),
        ...(weakness === undefined ? [] : [{ path: [...path, 'password'], problem: weakness }]),
      ];
    },
    value,
  );
}
