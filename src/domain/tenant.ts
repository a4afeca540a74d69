// A tenant: an issuer with its own users, clients, keys and policies.
import type { AdminRoles } from './admin-rights.ts';
import type { ClaimScopes } from './claims.ts';
import type { AdministratorMfaPolicy, MfaPolicy, PasswordlessPolicy, SentFactorPolicy } from './factors.ts';
import type { NewBrowserPolicy, StayPolicy } from './session.ts';

/** Policies of a tenant, in the names of the provisioning file's `settings`. Times are in seconds. */
export type TenantSettings = {
  /** A session ends after this long without being used. */
  readonly session_idle_lifetime: number;
  /** A session ends this long after it began. */
  readonly session_lifetime: number;
  readonly id_token_lifetime: number;
  /** The resource that access tokens are for when none is asked; the issuer unless set. */
  readonly default_resource?: string;
  readonly logo_uri?: string;
  /** Scopes of the tenant's own, which ask for claims of its own. */
  readonly claim_scopes: ClaimScopes;
  /** Roles at the admin API beside those that every tenant has. */
  readonly admin_roles: AdminRoles;
  /** Whether people need a second factor beside their password. Whoever has one is always asked for it. */
  readonly mfa: MfaPolicy;
  /** Whether administrators need one where others do not. */
  readonly administrator_mfa: AdministratorMfaPolicy;
  /** Whether a browser that was restarted is still signed in. Sessions end when they do, either way. */
  readonly stay_signed_in: StayPolicy;
  /** Whether people are told by mail of a sign-in from a browser that their account has not used before. */
  readonly new_browser: NewBrowserPolicy;
  /** Whether people can sign in with a link or a code that is mailed to them, where mail can be sent. */
  readonly passwordless: PasswordlessPolicy;
  /** Whether a code in a text message can be a second factor, where text messages can be sent. */
  readonly sms_factor: SentFactorPolicy;
  /** The same of a code in a mail. The mailbox also brings another password: for most it is no second thing. */
  readonly email_factor: SentFactorPolicy;
};

export type Tenant = {
  readonly id: string;
  readonly slug: string;
  readonly issuer: string;
  readonly host: string | undefined;
  readonly name: string;
  readonly settings: TenantSettings;
  /** Stands in the name of every status list: another one after each restore. */
  readonly statusGeneration: string;
};

/** The settings in force, with a default for everything that was left out. */
export function completeSettings(given: Partial<TenantSettings>): TenantSettings {
  return {
    session_idle_lifetime: 24 * 3600,
    session_lifetime: 30 * 24 * 3600,
    id_token_lifetime: 3600,
    claim_scopes: {},
    admin_roles: {},
    mfa: 'optional',
    administrator_mfa: 'required',
    stay_signed_in: 'ask',
    new_browser: 'tell',
    passwordless: 'on',
    sms_factor: 'on',
    email_factor: 'off',
    ...given,
  };
}

/** True for what may stand in `/t/{slug}` and in cookie names. */
export function isSlug(value: string): boolean {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(value);
}
