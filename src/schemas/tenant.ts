// A tenant and its settings, in the names of provisioning files.
import Type, { type Static } from 'typebox';
import { adminRole, adminRoleNameProblem } from './admin-role.ts';
import { closed, seconds, text, texts, year } from './parts.ts';
import { isResourceIdentifier } from '../domain/resource.ts';
import { webUriProblem } from '../domain/redirect-uri.ts';
import { administratorMfaPolicies, mfaPolicies, passwordlessPolicies, sentFactorPolicies } from '../domain/factors.ts';
import { newBrowserPolicies, stayPolicies } from '../domain/session.ts';
import { customClaimProblem } from '../domain/claims.ts';
import { reservedScopeProblem } from '../domain/admin-api.ts';
import { parseScope, standardScopes } from '../domain/scope.ts';
import { invalidInput } from '../domain/errors.ts';
import { isSlug, type Tenant, type TenantSettings } from '../domain/tenant.ts';
import type { Mistake } from '../domain/mistake.ts';
import { checked, checkedPatch, type Rules } from './mistakes.ts';

const claimScopes = Type.Record(
  Type.String({ minLength: 1, maxLength: 200 }),
  Type.Object({ description: Type.Optional(text), claims: texts }, closed),
  { maxProperties: 50 },
);

/** Roles at the admin API beside those that every tenant has. */
const adminRoles = Type.Record(Type.String({ minLength: 1, maxLength: 50 }), adminRole, { maxProperties: 100 });

export const settings = Type.Object(
  {
    session_idle_lifetime: Type.Optional(seconds(year)),
    session_lifetime: Type.Optional(seconds(year)),
    id_token_lifetime: Type.Optional(seconds(24 * 3600)),
    default_resource: Type.Optional(text),
    logo_uri: Type.Optional(text),
    claim_scopes: Type.Optional(claimScopes),
    admin_roles: Type.Optional(adminRoles),
    mfa: Type.Optional(Type.Enum([...mfaPolicies])),
    administrator_mfa: Type.Optional(Type.Enum([...administratorMfaPolicies])),
    stay_signed_in: Type.Optional(Type.Enum([...stayPolicies])),
    new_browser: Type.Optional(Type.Enum([...newBrowserPolicies])),
    passwordless: Type.Optional(Type.Enum([...passwordlessPolicies])),
    sms_factor: Type.Optional(Type.Enum([...sentFactorPolicies])),
    email_factor: Type.Optional(Type.Enum([...sentFactorPolicies])),
  },
  closed,
);

export const tenant = Type.Union([
  text,
  Type.Object({ slug: text, name: Type.Optional(text), host: Type.Optional(text) }, closed),
]);

export type TenantEntry = Static<typeof tenant>;
export type SettingsEntry = Static<typeof settings>;

/** The tenant that a file is for. */
export function tenantOf(tenant: TenantEntry | undefined): {
  slug: string;
  title: string | undefined;
  host: string | undefined;
} {
  if (tenant === undefined || typeof tenant === 'string')
    return { slug: tenant ?? 'default', title: undefined, host: undefined };
  return { slug: tenant.slug, title: tenant.name, host: tenant.host };
}

/** Every rule that they break, as parts of a file. */
export function tenantMistakes(tenant: TenantEntry | undefined, settings?: SettingsEntry): Mistake[] {
  const mistakes: Mistake[] = [];
  const { slug, host } = tenantOf(tenant);
  if (!isSlug(slug))
    mistakes.push({ path: ['tenant'], problem: 'must have a slug of lower-case letters, digits and hyphens' });
  if (
    host !== undefined &&
    (!/^[a-z0-9.-]+(?::\d{1,5})?$/.test(host) || !URL.canParse(`https://${host}`) || slug === 'default')
  ) {
    mistakes.push({
      path: ['tenant', 'host'],
      problem:
        slug === 'default'
          ? 'of the default tenant is PUBLIC_URL'
          : 'must be a host name in lower case, with a port if it needs one',
    });
  }
  const logo = settings?.logo_uri === undefined ? undefined : webUriProblem(settings.logo_uri);
  if (logo !== undefined) mistakes.push({ path: ['settings', 'logo_uri'], problem: logo });
  if (settings?.default_resource !== undefined && !isResourceIdentifier(settings.default_resource)) {
    mistakes.push({ path: ['settings', 'default_resource'], problem: 'must be an absolute URI without fragment' });
  }
  for (const [scope, { claims }] of Object.entries(settings?.claim_scopes ?? {})) {
    const path = ['settings', 'claim_scopes', scope];
    const isTaken = (standardScopes as readonly string[]).includes(scope) || reservedScopeProblem(scope) !== undefined;
    if (parseScope(scope)?.length !== 1 || isTaken)
      mistakes.push({ path, problem: 'must be one scope name without spaces, and not one that every tenant knows' });
    claims.forEach((name, i) => {
      const problem = customClaimProblem(name);
      if (problem !== undefined) mistakes.push({ path: [...path, 'claims', i], problem });
    });
  }
  for (const name of Object.keys(settings?.admin_roles ?? {})) {
    const problem = adminRoleNameProblem(name);
    if (problem !== undefined) mistakes.push({ path: ['settings', 'admin_roles', name], problem });
  }
  return mistakes;
}

/** What administrators change of a tenant: its name and its settings. Roles have an address of their own. */
const { admin_roles: _adminRoles, ...changeable } = settings.properties;
export const settingsFields = Type.Object({ name: Type.Optional(text), ...changeable }, closed);
type SettingsFields = Static<typeof settingsFields>;

const unset = ['default_resource', 'logo_uri'] as const;

/** The settings in force. */
export const settingsShown = Type.Object(
  {
    ...Type.Required(Type.Omit(settingsFields, unset)).properties,
    ...Type.Pick(settingsFields, unset).properties,
  },
  { ...closed, title: 'Settings' },
);

export function shownSettings({ name, settings: inForce }: Pick<Tenant, 'name' | 'settings'>) {
  const { admin_roles: _roles, ...shown } = inForce;
  return { name, ...shown };
}

/** `current`: as they were given, without defaults. @throws Refusal invalid_input with every mistake. */
export function checkedSettingsPatch(
  current: Partial<TenantSettings> & { name: string },
  patch: unknown,
): SettingsFields {
  const rules: Rules<typeof settingsFields> = ({ name: _name, ...given }, path) =>
    // In a file they stand below `settings`.
    tenantMistakes(undefined, given).map((mistake) => ({ ...mistake, path: [...path, ...mistake.path.slice(1)] }));
  const merged = checkedPatch(settingsFields, rules, current as SettingsFields, patch);
  if (merged.name === undefined) throw invalidInput([{ path: ['name'], problem: 'cannot be removed' }]);
  return merged;
}

export const newTenantAsked = Type.Object({ slug: text, name: Type.Optional(text), host: Type.Optional(text) }, closed);

/** @throws Refusal invalid_input with every mistake. */
export function checkedNewTenant(value: unknown): Static<typeof newTenantAsked> {
  const rules: Rules<typeof newTenantAsked> = ({ slug, host }, path) =>
    slug === undefined
      ? []
      : tenantMistakes({ slug, ...(host !== undefined && { host }) }).map((mistake) => ({
          ...mistake,
          path: [...path, mistake.path[1] ?? 'slug'],
        }));
  return checked(newTenantAsked, rules, value);
}

export const tenantShown = Type.Object(
  { slug: text, name: text, issuer: text, host: Type.Optional(text) },
  { ...closed, title: 'Tenant' },
);

export function shownTenant({ slug, name, issuer, host }: Tenant) {
  return { slug, name, issuer, ...(host !== undefined && { host }) };
}
