// Every removal, by what it takes away.
import { applicationMutants } from './applications.ts';
import { clientMutants } from './clients.ts';
import { codeMutants } from './codes.ts';
import type { Mutant } from './mutant.ts';
import { refreshMutants } from './refresh.ts';
import { restoreMutants } from './restore.ts';
import { sessionMutants } from './sessions.ts';
import { tenantMutants } from './tenants.ts';

export const mutants: readonly Mutant[] = [
  ...applicationMutants,
  ...clientMutants,
  ...codeMutants,
  ...refreshMutants,
  ...restoreMutants,
  ...sessionMutants,
  ...tenantMutants,
];
