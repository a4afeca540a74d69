// Everything that the admin API can do.
import { auditEventOperations } from './audit-events.ts';
import { clientOperations } from './clients.ts';
import { consentOperations } from './consents.ts';
import { credentialOperations } from './credentials.ts';
import { grantOperations } from './grants.ts';
import type { Operation } from './operation.ts';
import { resourceOperations } from './resources.ts';
import { roleOperations } from './roles.ts';
import { serviceAccountOperations } from './service-accounts.ts';
import { sessionOperations } from './sessions.ts';
import { settingsOperations } from './settings.ts';
import { signingKeyOperations } from './signing-keys.ts';
import { tenantOperations } from './tenants.ts';
import { tokenOperations } from './tokens.ts';
import { userOperations } from './users.ts';

export const operations: readonly Operation[] = [
  ...userOperations,
  ...credentialOperations,
  ...serviceAccountOperations,
  ...clientOperations,
  ...resourceOperations,
  ...roleOperations,
  ...settingsOperations,
  ...signingKeyOperations,
  ...tenantOperations,
  ...auditEventOperations,
  ...sessionOperations,
  ...grantOperations,
  ...consentOperations,
  ...tokenOperations,
];
