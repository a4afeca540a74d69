// What is enough to sign in, who may demand more, and what the proofs say in tokens.
import { describe, expect, test } from 'vitest';
import {
  type AdministratorMfaPolicy,
  acrValues,
  type Askers,
  authenticationOf,
  demandedAcr,
  type MfaPolicy,
  firstFactorMethods,
  mfaPolicyFor,
  missingFactors,
  reaches,
  secondFactorMethods,
  steppedUp,
} from '../../src/domain/factors.ts';

const [one, two] = acrValues;
const password = { method: 'password', at: 5 } as const;
const totp = { method: 'totp', at: 9 } as const;

test('a first factor comes first, a password or what was mailed; a second factor is missing where two are demanded', () => {
  expect(missingFactors([], one)).toEqual(firstFactorMethods);
  expect(missingFactors([totp], two)).toEqual(firstFactorMethods);
  expect(missingFactors([{ method: 'email_link', at: 5 }], one)).toEqual([]);
  expect(missingFactors([password, { method: 'email_code', at: 6 }], two)).toEqual(secondFactorMethods);
  expect(missingFactors([password], one)).toEqual([]);
  expect(missingFactors([password], two)).toEqual(secondFactorMethods);
  expect(missingFactors([password, { method: 'recovery_code', at: 6 }], two)).toEqual([]);
});

describe('the strongest asker wins', () => {
  const nobody: Askers = { enrolled: [], tenant: 'optional', client: undefined, request: [] };
  test.each<[string, Partial<Askers>, string]>([
    ['nobody asks', {}, one],
    ['the tenant', { tenant: 'required' }, two],
    ['the client', { client: two }, two],
    ['the client for one, the tenant for two', { client: one, tenant: 'required' }, two],
    ['the request', { request: [two] }, two],
    ['the request for either', { request: [two, one] }, one],
    ['the request for what is not known here', { request: ['phr'] }, one],
    ['the request for one, of somebody who has two', { request: [one], enrolled: ['totp'] }, two],
    ['whoever has a factor, though the tenant lets nobody add one', { tenant: 'off', enrolled: ['totp'] }, two],
    ['recovery codes alone, which stand in for nothing', { enrolled: ['recovery_code'] }, one],
  ])('%s', (_who, askers, demanded) => {
    expect(demandedAcr({ ...nobody, ...askers })).toBe(demanded);
  });
});

test('administrators need a second factor, unless nobody can add one or the tenant wants no more of them than of everybody', () => {
  const policy = (mfa: MfaPolicy, administrator_mfa: AdministratorMfaPolicy, ...adminRoles: string[]) =>
    mfaPolicyFor({ mfa, administrator_mfa }, adminRoles);
  expect(policy('optional', 'required', 'auditor')).toBe('required');
  expect(policy('optional', 'required')).toBe('optional');
  expect(policy('optional', 'as_everybody', 'owner')).toBe('optional');
  expect(policy('off', 'required', 'owner')).toBe('off');
  expect([policy('required', 'as_everybody', 'owner'), policy('required', 'required')]).toEqual([
    'required',
    'required',
  ]);
});

test('the latest proof of a sign-in says when; each method is named once', () => {
  const proofs = [7, 9, 8].map((at) => ({ method: 'password', at }) as const);
  expect(authenticationOf(proofs)).toEqual({
    at: 9,
    amr: ['pwd'],
    acr: one,
    mfaMethod: undefined,
    mfaVerifiedAt: undefined,
  });
});

test('two factors of one sign-in, and one that is proven later: its time is its own, and the sign-in stays as old as it is', () => {
  const both = { amr: ['pwd', 'otp', 'mfa'], acr: two, mfaMethod: 'totp', mfaVerifiedAt: 9 };
  expect(authenticationOf([password, totp])).toEqual({ at: 9, ...both });
  expect(steppedUp(authenticationOf([password]), totp)).toEqual({ at: 5, ...both });
});

test('an acr that is not known here reaches nothing', () => {
  expect([reaches(two, one), reaches(one, one), reaches(one, two), reaches('phr', one)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
