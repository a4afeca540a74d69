// A resource: an API that tokens can be for (RFC 8707), and its scopes.
import Type, { type Static } from 'typebox';
import { closed, text, scope } from './parts.ts';

export const resource = Type.Object(
  { identifier: text, name: Type.Optional(text), scopes: Type.Optional(Type.Array(scope, { maxItems: 500 })) },
  closed,
);
export type ResourceEntry = Static<typeof resource>;
