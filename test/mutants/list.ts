// Every removal, by what it takes away.
import { clientMutants } from './clients.ts';
import { codeMutants } from './codes.ts';
import type { Mutant } from './mutant.ts';
import { refreshMutants } from './refresh.ts';
import { sessionMutants } from './sessions.ts';
import { tenantMutants } from './tenants.ts';

export const mutants: readonly Mutant[] = [
  ...clientMutants,
  ...codeMutants,
  ...refreshMutants,
  ...sessionMutants,
  ...tenantMutants,
];
