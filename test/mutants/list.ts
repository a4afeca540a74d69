// Every removal, by what it takes away.
import { accountMutants } from './account.ts';
import { applicationMutants } from './applications.ts';
import { adminMutants } from './admin.ts';
import { administrationMutants } from './administration.ts';
import { claimMutants } from './claims.ts';
import { clientAuthenticationMutants } from './client-authentication.ts';
import { clientCredentialMutants } from './client-credentials.ts';
import { clientMutants } from './clients.ts';
import { clockMutants } from './clocks.ts';
import { codeMutants } from './codes.ts';
import { commandLineMutants } from './command-line.ts';
import { firstAfternoonMutants } from './first-afternoon.ts';
import { firstPartyMutants } from './first-party.ts';
import { introspectionMutants } from './introspection.ts';
import { keyMutants } from './keys.ts';
import type { Mutant } from './mutant.ts';
import { opsMutants } from './ops.ts';
import { outboundMutants } from './outbound.ts';
import { passwordMutants } from './passwords.ts';
import { passwordlessMutants } from './passwordless.ts';
import { recoveryMutants } from './recovery.ts';
import { refreshMutants } from './refresh.ts';
import { reportedMutants } from './reported.ts';
import { resourceMutants } from './resources.ts';
import { restoreMutants } from './restore.ts';
import { secondFactorMutants } from './second-factors.ts';
import { sentCodeBudgetMutants } from './sent-code-budgets.ts';
import { sentFactorMutants } from './sent-factors.ts';
import { serviceAccountMutants } from './service-accounts.ts';
import { sessionMutants } from './sessions.ts';
import { statusListMutants } from './status-lists.ts';
import { storyMutants } from './stories.ts';
import { tenantMutants } from './tenants.ts';
import { testingMutants } from './testing.ts';
import { tokenExchangeMutants } from './token-exchange.ts';
import { verifierMutants } from './verifier.ts';
import { verifierStatusMutants } from './verifier-status.ts';

export const mutants: readonly Mutant[] = [
  ...accountMutants,
  ...adminMutants,
  ...administrationMutants,
  ...applicationMutants,
  ...claimMutants,
  ...clientAuthenticationMutants,
  ...clientCredentialMutants,
  ...clientMutants,
  ...clockMutants,
  ...codeMutants,
  ...commandLineMutants,
  ...firstAfternoonMutants,
  ...firstPartyMutants,
  ...introspectionMutants,
  ...keyMutants,
  ...opsMutants,
  ...outboundMutants,
  ...passwordMutants,
  ...passwordlessMutants,
  ...recoveryMutants,
  ...refreshMutants,
  ...reportedMutants,
  ...resourceMutants,
  ...restoreMutants,
  ...secondFactorMutants,
  ...sentCodeBudgetMutants,
  ...sentFactorMutants,
  ...serviceAccountMutants,
  ...sessionMutants,
  ...statusListMutants,
  ...storyMutants,
  ...tenantMutants,
  ...testingMutants,
  ...tokenExchangeMutants,
  ...verifierMutants,
  ...verifierStatusMutants,
];
