// The bodies of the first-party API.
import Type, { type Static } from 'typebox';
import { checked } from './mistakes.ts';
import { secondFactorMethods } from '../domain/factors.ts';
import { closed, text } from './parts.ts';

const token = text;
const client = {
  client_id: Type.Optional(text),
  client_secret: Type.Optional(text),
  client_assertion: Type.Optional(Type.String({ minLength: 1, maxLength: 10_000 })),
  client_assertion_type: Type.Optional(text),
};

const wanted = {
  scope: Type.Optional(text),
  resource: Type.Optional(Type.Union([text, Type.Array(text, { maxItems: 20 })])),
};

const login = Type.Object(
  {
    ...client,
    username: Type.String(),
    password: Type.String(),
    ...wanted,
    acr_values: Type.Optional(text),
    device: Type.Optional(text),
  },
  closed,
);
const refresh = Type.Object({ ...client, refresh_token: text, scope: Type.Optional(text) }, closed);
const logout = Type.Object({ ...client, refresh_token: Type.Optional(text) }, closed);
const password = Type.Object({ current_password: Type.String(), new_password: Type.String() }, closed);
const mailWanted = Type.Object(
  { ...client, email: Type.String(), redirect_uri: Type.Optional(text), ...wanted, device: Type.Optional(text) },
  closed,
);
const linkProof = Type.Object({ ...client, token: text, proof: text, device: Type.Optional(text) }, closed);
const forgotten = Type.Object({ email: Type.String(), device: Type.Optional(text) }, closed);
const code = Type.String({ minLength: 1, maxLength: 100 });
const mailedCode = Type.Object(
  { ...client, email: Type.String(), code, proof: Type.Optional(text), device: Type.Optional(text) },
  closed,
);
const method = Type.Optional(Type.Enum([...secondFactorMethods]));
const verification = Type.Object({ ...client, token: Type.Optional(token), code, method }, closed);
const challenge = Type.Object({ ...client, token: Type.Optional(token), method }, closed);
const name = Type.Optional(Type.String({ minLength: 1, maxLength: 100 }));
const newTotp = Type.Object({ ...client, token: Type.Optional(token), name }, closed);
const newPhone = Type.Object({ phone: Type.String({ minLength: 1, maxLength: 60 }), name }, closed);
const newEmailFactor = Type.Object({ name }, closed);
const endOthers = { end_other_sessions: Type.Optional(Type.Boolean()) };
const confirmation = Type.Object(
  { ...client, token: Type.Optional(token), code, id: Type.Optional(text), ...endOthers },
  closed,
);
const sentConfirmation = Type.Object({ code, id: Type.Optional(text), ...endOthers }, closed);
const proof = { password: Type.Optional(Type.String()), code: Type.Optional(code) };
const proofOnly = Type.Object(proof, closed);
const removal = Type.Object({ ...proof, ...endOthers }, closed);

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

export function checkedForgotten(value: unknown): Static<typeof forgotten> {
  return checked(forgotten, () => [], value);
}

export function checkedMailWanted(value: unknown): Static<typeof mailWanted> {
  return checked(mailWanted, () => [], value);
}

export function checkedLinkProof(value: unknown): Static<typeof linkProof> {
  return checked(linkProof, () => [], value);
}

export function checkedMailedCode(value: unknown): Static<typeof mailedCode> {
  return checked(mailedCode, () => [], value);
}

export function checkedVerification(value: unknown): Static<typeof verification> {
  return checked(verification, () => [], value);
}

export function checkedChallenge(value: unknown): Static<typeof challenge> {
  return checked(challenge, () => [], value);
}

export function checkedNewTotp(value: unknown): Static<typeof newTotp> {
  return checked(newTotp, () => [], value);
}

export function checkedConfirmation(value: unknown): Static<typeof confirmation> {
  return checked(confirmation, () => [], value);
}

export function checkedNewPhone(value: unknown): Static<typeof newPhone> {
  return checked(newPhone, () => [], value);
}

export function checkedNewEmailFactor(value: unknown): Static<typeof newEmailFactor> {
  return checked(newEmailFactor, () => [], value);
}

export function checkedSentConfirmation(value: unknown): Static<typeof sentConfirmation> {
  return checked(sentConfirmation, () => [], value);
}

export function checkedProof(value: unknown): Static<typeof proofOnly> {
  return checked(proofOnly, () => [], value);
}

export function checkedRemoval(value: unknown): Static<typeof removal> {
  return checked(removal, () => [], value);
}
