// A role at the admin API: a name, and a set of scopes.
import Type, { type Static } from 'typebox';
import { type AdminRole, adminRolePattern, adminScopes, isBuiltInAdminRole } from '../domain/admin-rights.ts';
import { checked, checkedPatch } from './mistakes.ts';
import { closed, patternWords, text } from './parts.ts';

export const adminRole = Type.Object(
  {
    description: Type.Optional(text),
    scopes: Type.Array(Type.Enum([...adminScopes]), { maxItems: adminScopes.length }),
  },
  closed,
);

/** Why no role may be called this, or undefined. */
export function adminRoleNameProblem(name: string): string | undefined {
  if (isBuiltInAdminRole(name)) return 'is a role that every tenant has';
  return new RegExp(adminRolePattern).test(name) ? undefined : patternWords[adminRolePattern];
}

export const newAdminRole = Type.Object(
  { name: Type.String({ pattern: adminRolePattern }), ...adminRole.properties },
  closed,
);

export const adminRoleShown = Type.Object(
  { ...newAdminRole.properties, built_in: Type.Boolean({ description: 'Every tenant has it: it cannot be changed.' }) },
  { ...closed, title: 'Role' },
);

export function shownAdminRole(name: string, { description, scopes }: AdminRole) {
  return {
    name,
    ...(description !== undefined && { description }),
    scopes: [...scopes],
    built_in: isBuiltInAdminRole(name),
  };
}

/** @throws Refusal invalid_input with every mistake. */
export function checkedNewAdminRole(value: unknown): Static<typeof newAdminRole> {
  return checked(
    newAdminRole,
    ({ name }, path) => {
      const problem = name === undefined ? undefined : adminRoleNameProblem(name);
      return problem === undefined ? [] : [{ path: [...path, 'name'], problem }];
    },
    value,
  );
}

/** @throws Refusal invalid_input with every mistake. */
export function checkedAdminRolePatch(current: AdminRole, patch: unknown): Static<typeof adminRole> {
  return checkedPatch(adminRole, () => [], { ...current, scopes: [...current.scopes] }, patch);
}
