// Everything that the admin API can do.
import { clientOperations } from './clients.ts';
import type { Operation } from './operation.ts';
import { userOperations } from './users.ts';

export const operations: readonly Operation[] = [...userOperations, ...clientOperations];
