// The addresses of what can be ended on the account page: a GET asks once more, a POST does it.
import type { AccountChange } from '../../domain/account-change.ts';

export const accountPaths = {
  'revoke consent': '/account/consents/revoke',
  'end session': '/account/sessions/end',
  'end other sessions': '/account/sessions/end-others',
} as const satisfies Record<AccountChange['kind'], string>;

/** The fields of a form, or of a query, that say what. */
export function fieldsOf(change: AccountChange): Record<string, string> {
  switch (change.kind) {
    case 'revoke consent':
      return { client_id: change.clientId };
    case 'end session':
      return { session_id: change.sessionId };
    case 'end other sessions':
      return {};
  }
}

/** Where it is asked once more; the account page when nothing was to be ended. */
export function confirmationPath(change: AccountChange | undefined): string {
  if (!change) return '/account';
  const query = new URLSearchParams(fieldsOf(change)).toString();
  return accountPaths[change.kind] + (query && `?${query}`);
}
