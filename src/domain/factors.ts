// Factors: what people can prove who they are with, which of it is needed, and what `acr` and `amr` follow from it.
import type { Authentication } from './authentication.ts';

/** How one can prove who one is beside the first factor. The names stand in requests, stored attempts and credentials. */
export const secondFactorMethods = ['totp', 'sms', 'email', 'recovery_code'] as const;
export type SecondFactorMethod = (typeof secondFactorMethods)[number];

/** Those whose codes are sent: to a telephone number, or to the e-mail address of the account. */
export const sentMethods = ['sms', 'email'] as const;
export type SentMethod = (typeof sentMethods)[number];

/** How a sign-in can begin: a password, or what was mailed to the address of the account. */
export const firstFactorMethods = ['password', 'email_link', 'email_code'] as const;
export type FirstFactorMethod = (typeof firstFactorMethods)[number];

/** How one can prove who one is. The names stand in stored attempts. */
export const factorMethods = [...firstFactorMethods, ...secondFactorMethods] as const;
export type FactorMethod = (typeof factorMethods)[number];

/** One thing that was proven. `at` in milliseconds. */
export type Proof = {
  readonly method: FactorMethod;
  readonly at: number;
  /** Of a first factor that waits for a second one: a change of the password voids it. */
  readonly passwordVersion?: number;
};

/** Milliseconds in which the second factor must follow the first: a sign-in that is left half done ends. */
export const halfDoneFor = 10 * 60_000;

/** RFC 8176 `amr` of each method. What is mailed, and a code of a list, are one-time passwords too. */
const amrOf: Readonly<Record<FactorMethod, string>> = {
  password: 'pwd',
  email_link: 'otp',
  email_code: 'otp',
  totp: 'otp',
  sms: 'sms',
  email: 'otp',
  recovery_code: 'otp',
};

/** What `acr` can be, weakest first: one factor, two factors. */
export const acrValues = ['urn:signet:acr:1fa', 'urn:signet:acr:2fa'] as const;
export type Acr = (typeof acrValues)[number];
const [oneFactor, twoFactors] = acrValues;

/** What a tenant says of second factors: nobody can add one, whoever wants one, everybody. */
export const mfaPolicies = ['off', 'optional', 'required'] as const;
export type MfaPolicy = (typeof mfaPolicies)[number];

/** What a tenant says of its administrators: a second factor in any case, or no more than of everybody. */
export const administratorMfaPolicies = ['required', 'as_everybody'] as const;
export type AdministratorMfaPolicy = (typeof administratorMfaPolicies)[number];

/** What a tenant says of codes that are sent: whoever wants, only beside an authenticator application, nobody. */
export const sentFactorPolicies = ['on', 'beside_stronger', 'off'] as const;
export type SentFactorPolicy = (typeof sentFactorPolicies)[number];

/** What the tenant says of each, and whether it can be sent at all. */
export type SentFactorRules = Readonly<Record<SentMethod, SentFactorPolicy>>;

/** What a tenant says of signing in by mail. */
export const passwordlessPolicies = ['on', 'off'] as const;
export type PasswordlessPolicy = (typeof passwordlessPolicies)[number];

/** What a tenant says of the second factors of somebody with these admin roles. Where nobody can add one, nobody needs one. */
export function mfaPolicyFor(
  tenant: { readonly mfa: MfaPolicy; readonly administrator_mfa: AdministratorMfaPolicy },
  adminRoles: readonly string[],
): MfaPolicy {
  const mayAsk = tenant.mfa === 'optional' && tenant.administrator_mfa === 'required';
  return mayAsk && adminRoles.length > 0 ? 'required' : tenant.mfa;
}

/** Everybody who has a say in how much must be proven. */
export type Askers = {
  /** What the person can prove beside a password. */
  readonly enrolled: readonly SecondFactorMethod[];
  /** As {@link mfaPolicyFor} has it. */
  readonly tenant: MfaPolicy;
  /** `required_acr` of the client. */
  readonly client: Acr | undefined;
  /** `acr_values` of the request: one of them is enough. Values that are not known here are no demand. */
  readonly request: readonly string[];
};

/** The `acr` that a sign-in must reach: the strongest asker wins. Whoever has a second factor is always asked for it. */
export function demandedAcr({ enrolled, tenant, client, request }: Askers): Acr {
  const asked = acrValues.find((value) => request.includes(value));
  return isSecondFactor(enrolled) || tenant === 'required' || client === twoFactors || asked === twoFactors
    ? twoFactors
    : oneFactor;
}

/** The `acr` that changes of somebody's own credentials must reach: with a second factor if they have one, or must. */
export function ownDemand(enrolled: readonly SecondFactorMethod[], policy: MfaPolicy): Acr {
  return isSecondFactor(enrolled) || policy === 'required' ? twoFactors : oneFactor;
}

/** Whether these are a second factor: recovery codes stand in for one, and are none by themselves. */
export function isSecondFactor(enrolled: readonly SecondFactorMethod[]): boolean {
  return enrolled.some((method) => method !== 'recovery_code');
}

/** Whether somebody with these methods may have, and use, a factor whose codes are sent. */
export function maySend(method: SentMethod, enrolled: readonly SecondFactorMethod[], rules: SentFactorRules): boolean {
  return rules[method] === 'on' || (rules[method] === 'beside_stronger' && enrolled.includes('totp'));
}

/**
 * What somebody can prove now of what they have, after `first`. Whoever signed in by mail has proven the mailbox: a code that
 * is mailed would prove it again.
 */
export function provable(
  enrolled: readonly SecondFactorMethod[],
  rules: SentFactorRules,
  first: FirstFactorMethod | undefined,
): readonly SecondFactorMethod[] {
  return enrolled.filter((method) => {
    if (!isSent(method)) return true;
    if (method === 'email' && first !== undefined && isByMail(first)) return false;
    return maySend(method, enrolled, rules);
  });
}

export function isSent(method: FactorMethod): method is SentMethod {
  return (sentMethods as readonly FactorMethod[]).includes(method);
}

/** Whether the sign-in began with what was mailed: its person has proven the mailbox then. */
export function isByMail(first: FirstFactorMethod): boolean {
  return first !== 'password';
}

/** What a sign-in began with. */
export function firstFactorOf(proofs: readonly Proof[]): FirstFactorMethod | undefined {
  return proofs.map(({ method }) => method).find(isFirstFactor);
}

/** The same of a sign-in whose `amr` is left: whoever gave no password was sent something. */
export function firstFactorIn(amr: readonly string[]): FirstFactorMethod {
  return amr.includes(amrOf.password) ? 'password' : 'email_link';
}

/** True when `acr` says at least as much as `demanded`. */
export function reaches(acr: string, demanded: Acr): boolean {
  return acrValues.indexOf(acr as Acr) >= acrValues.indexOf(demanded);
}

/** The methods of which one must still be proven; empty when what was proven reaches `demanded`. */
export function missingFactors(proofs: readonly Proof[], demanded: Acr): readonly FactorMethod[] {
  if (proofs.every(({ method }) => isSecond(method))) return firstFactorMethods;
  return demanded === oneFactor || proofs.some(({ method }) => isSecond(method)) ? [] : secondFactorMethods;
}

/** What the proofs of one sign-in, when they are enough, say in sessions and tokens. `proofs`: at least one. */
export function authenticationOf(proofs: readonly Proof[]): Authentication {
  const first: Authentication = {
    at: Math.max(...proofs.map(({ at }) => at)),
    amr: [...new Set(proofs.filter(({ method }) => !isSecond(method)).map(({ method }) => amrOf[method]))],
    acr: oneFactor,
    mfaMethod: undefined,
    mfaVerifiedAt: undefined,
  };
  const second = proofs.findLast(({ method }) => isSecond(method));
  return second ? steppedUp(first, second) : first;
}

/**
 * What a second factor adds to a sign-in: RFC 8176 2 `mfa`. The time of the sign-in stays: only a part of it was proven anew.
 */
export function steppedUp(authentication: Authentication, { method, at }: Proof): Authentication {
  return {
    at: authentication.at,
    amr: [...new Set([...authentication.amr, amrOf[method], 'mfa'])],
    acr: twoFactors,
    mfaMethod: method,
    mfaVerifiedAt: at,
  };
}

function isSecond(method: FactorMethod): method is SecondFactorMethod {
  return !isFirstFactor(method);
}

/** Whether a sign-in can begin with it. */
export function isFirstFactor(method: FactorMethod): method is FirstFactorMethod {
  return (firstFactorMethods as readonly FactorMethod[]).includes(method);
}
