// What is enough to sign in, and what the proofs say in tokens.
import { expect, test } from 'vitest';
import { authenticationOf, factorMethods, missingFactors } from '../../src/domain/factors.ts';

test('without a proof, one of all methods is missing; with one, none is', () => {
  expect(missingFactors([])).toEqual(factorMethods);
  expect(missingFactors([{ method: 'password', at: 5 }])).toEqual([]);
});

test('the latest proof says when; each method is named once', () => {
  const proofs = [7, 9, 8].map((at) => ({ method: 'password', at }) as const);
  expect(authenticationOf(proofs)).toEqual({
    at: 9,
    amr: ['pwd'],
    acr: 'urn:signet:acr:1fa',
    mfaMethod: undefined,
    mfaVerifiedAt: undefined,
  });
});
