// A role at the admin API: a name, and a set of scopes.
import Type from 'typebox';
import { adminRolePattern, adminScopes, isBuiltInAdminRole } from '../domain/admin-rights.ts';
import { closed, patternWords, text } from './parts.ts';

export const adminRole = Type.Object(
  {
    description: Type.Optional(text),
    scopes: Type.Array(Type.Enum([...adminScopes]), { maxItems: adminScopes.length, uniqueItems: true }),
  },
  closed,
);

/** Why no role may be called this, or undefined. */
export function adminRoleNameProblem(name: string): string | undefined {
  if (isBuiltInAdminRole(name)) return 'is a role that every tenant has';
  return new RegExp(adminRolePattern).test(name) ? undefined : patternWords[adminRolePattern];
}
