// The bodies of the first-party API.
import Type, { type Static } from 'typebox';
import { checked } from './mistakes.ts';
import { closed, text } from './parts.ts';

const client = { client_id: Type.Optional(text), client_secret: Type.Optional(text) };

const login = Type.Object(
  {
    ...client,
    username: Type.String(),
    password: Type.String(),
    scope: Type.Optional(text),
    resource: Type.Optional(Type.Union([text, Type.Array(text, { maxItems: 20 })])),
    acr_values: Type.Optional(text),
    device: Type.Optional(text),
  },
  closed,
);
const refresh = Type.Object({ ...client, refresh_token: text, scope: Type.Optional(text) }, closed);
const logout = Type.Object({ ...client, refresh_token: Type.Optional(text) }, closed);
const password = Type.Object({ current_password: Type.String(), new_password: Type.String() }, closed);

/** @throws Refusal invalid_input with every mistake, as all of these. */
export function checkedLogin(value: unknown): Static<typeof login> {
  return checked(login, () => [], value);
}

export function checkedRefresh(value: unknown): Static<typeof refresh> {
  return checked(refresh, () => [], value);
}

export function checkedLogout(value: unknown): Static<typeof logout> {
  return checked(logout, () => [], value);
}

export function checkedPasswordChange(value: unknown): Static<typeof password> {
  return checked(password, () => [], value);
}
