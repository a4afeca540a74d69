// A resource: an API that tokens can be for (RFC 8707), and its scopes.
import { checked, checkedPatch } from './mistakes.ts';
import Type, { type Static } from 'typebox';
import { closed, scope, seconds, text } from './parts.ts';
import { reservedScopeProblem } from '../domain/admin-api.ts';
import { signingAlgs } from '../domain/client.ts';
import { accessTokenTypes, isResourceIdentifier, type Resource } from '../domain/resource.ts';
import { parseScope } from '../domain/scope.ts';
import type { Mistake, Path } from '../domain/mistake.ts';

export const resource = Type.Object(
  {
    identifier: text,
    name: Type.Optional(text),
    scopes: Type.Optional(Type.Array(scope, { maxItems: 500 })),
    access_token_lifetime: Type.Optional(seconds(24 * 3600)),
    access_token_signed_response_alg: Type.Optional(Type.Enum([...signingAlgs])),
    access_token_type: Type.Optional(Type.Enum([...accessTokenTypes])),
  },
  closed,
);
export type ResourceEntry = Static<typeof resource>;

/** Every rule that it breaks beyond its shape; `path` leads to it. */
export function resourceMistakes(resource: Partial<ResourceEntry>, path: Path): Mistake[] {
  const mistakes: Mistake[] = [];
  if (resource.identifier !== undefined && !isResourceIdentifier(resource.identifier))
    mistakes.push({ path: [...path, 'identifier'], problem: 'must be an absolute URI without fragment' });
  (resource.scopes ?? []).forEach((scope, i) => {
    const problem =
      parseScope(scopeName(scope))?.length === 1
        ? reservedScopeProblem(scopeName(scope))
        : 'must be one scope name without spaces';
    if (problem !== undefined) mistakes.push({ path: [...path, 'scopes', i], problem });
  });
  return mistakes;
}

/** A scope is given by its name alone, or with a description. */
export function scopeName(scope: string | { name: string }): string {
  return typeof scope === 'string' ? scope : scope.name;
}

/** @throws Refusal invalid_input with every mistake. */
export function checkedResource(value: unknown): ResourceEntry {
  return checked(resource, resourceMistakes, value);
}

/** What of a resource can be changed with a patch. */
const { identifier: _identifier, ...changeable } = resource.properties;
export const resourceFields = Type.Object(changeable, closed);
type ResourceFields = Static<typeof resourceFields>;

export const resourceShown = Type.Object(
  {
    identifier: text,
    name: Type.Optional(text),
    scopes: Type.Array(Type.Object({ name: text, description: Type.Optional(text) }, closed)),
    access_token_lifetime: resource.properties.access_token_lifetime,
    access_token_signed_response_alg: resource.properties.access_token_signed_response_alg,
    access_token_type: resource.properties.access_token_type,
  },
  { ...closed, title: 'Resource' },
);

export function shownResource(given: Resource) {
  return { identifier: given.identifier, ...resourceEntryOf(given) };
}

/** Without what was left out. */
export function resourceEntryOf(given: Resource): ResourceFields {
  const { identifier: _name, scopes, ...rest } = given;
  const set = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { ...set, scopes: [...scopes] };
}

/** @throws Refusal invalid_input with every mistake. */
export function checkedResourcePatch(current: ResourceFields, patch: unknown): ResourceFields {
  return checkedPatch(resourceFields, resourceMistakes, current, patch);
}
