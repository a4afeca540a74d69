// The addresses of the account pages, and of what can be changed on them: a GET shows it or asks once more, a POST does it.
import type { AccountChange } from '../../domain/account-change.ts';

/** The parts of the account, in the order that they stand in. */
export const accountSections = {
  profile: '/account',
  password: '/account/password',
  two_step: '/account/two-step',
  sessions: '/account/sessions',
  applications: '/account/applications',
} as const;

export type AccountSection = keyof typeof accountSections;

export const accountPaths = {
  'revoke consent': '/account/consents/revoke',
  'revoke scope': '/account/consents/revoke-scope',
  'end session': '/account/sessions/end',
  'end other sessions': '/account/sessions/end-others',
  'change password': accountSections.password,
  'change email': '/account/email',
  'add factor': '/account/two-step/add',
  'add phone': '/account/two-step/phone',
  'add email factor': '/account/two-step/email',
  'remove factor': '/account/two-step/remove',
  'make recovery codes': '/account/two-step/recovery-codes',
} as const satisfies Record<AccountChange['kind'], string>;

/** Where the first code of a new factor is waited for. */
export const confirmFactorPath = '/account/two-step/confirm';

/** The same of the first code that was sent, by the method. */
export const confirmSentPaths = {
  sms: '/account/two-step/phone/confirm',
  email: '/account/two-step/email/confirm',
} as const;

/** The fields of a form, or of a query, that say what. */
export function fieldsOf(change: AccountChange): Record<string, string> {
  switch (change.kind) {
    case 'revoke consent':
      return { client_id: change.clientId };
    case 'revoke scope':
      return { client_id: change.clientId, scope: change.scope };
    case 'end session':
      return { session_id: change.sessionId };
    case 'remove factor':
      return { factor_id: change.factorId };
    case 'end other sessions':
    case 'change password':
    case 'change email':
    case 'add factor':
    case 'add phone':
    case 'add email factor':
      return {};
    case 'make recovery codes':
      return change.insteadOf === undefined ? {} : { instead_of: change.insteadOf };
  }
}

/** Where it is shown, or asked once more; the account page when nothing was to be changed. */
export function confirmationPath(change: AccountChange | undefined): string {
  if (!change) return '/account';
  const query = new URLSearchParams(fieldsOf(change)).toString();
  return accountPaths[change.kind] + (query && `?${query}`);
}
