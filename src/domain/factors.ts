// Factors: what people can prove who they are with, which of it is needed, and what `acr` and `amr` follow from it.
import type { Authentication } from './authentication.ts';

/** How one can prove who one is. The names stand in stored attempts. */
export const factorMethods = ['password'] as const;
export type FactorMethod = (typeof factorMethods)[number];

/** One thing that was proven. `at` in milliseconds. */
export type Proof = { readonly method: FactorMethod; readonly at: number };

/** RFC 8176 `amr` of each method. */
const amrOf: Readonly<Record<FactorMethod, string>> = { password: 'pwd' };

/** What `acr` can be, weakest first. One factor; two factors follow with the second ones. */
export const acrValues = ['urn:signet:acr:1fa'] as const;

/** The methods of which one must still be proven; empty when what was proven is enough. */
export function missingFactors(proofs: readonly Proof[]): readonly FactorMethod[] {
  return proofs.length > 0 ? [] : factorMethods;
}

/** What proofs that are enough say in sessions and tokens. `proofs`: at least one. */
export function authenticationOf(proofs: readonly Proof[]): Authentication {
  return {
    at: Math.max(...proofs.map(({ at }) => at)),
    amr: [...new Set(proofs.map(({ method }) => amrOf[method]))],
    acr: acrValues[0],
    mfaMethod: undefined,
    mfaVerifiedAt: undefined,
  };
}
