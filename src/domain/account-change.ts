// What people change on their account pages, and what of it waits until they have proven who they are.

/** Each has an address: a GET shows it or asks once more, a POST does it. */
export type AccountChange =
  | { readonly kind: 'revoke consent'; readonly clientId: string }
  | { readonly kind: 'revoke scope'; readonly clientId: string; readonly scope: string }
  | { readonly kind: 'end session'; readonly sessionId: string }
  | { readonly kind: 'end other sessions' }
  | { readonly kind: 'change password' }
  | { readonly kind: 'change email' }
  | { readonly kind: 'add factor' }
  | { readonly kind: 'add phone' }
  | { readonly kind: 'add email factor' }
  | { readonly kind: 'remove factor'; readonly factorId: string }
  /** `insteadOf`: which there were when it was asked; a form that comes again makes no others. */
  | { readonly kind: 'make recovery codes'; readonly insteadOf?: string | undefined };

/** What ends something of the person's, and is asked about once more. */
export type AccountEnding = Exclude<
  AccountChange,
  { readonly kind: 'change password' | 'change email' | 'add factor' | 'add phone' | 'add email factor' }
>;

/** Led to a sign-in by this person, and is for nobody else who signs in there. */
export type WaitingChange = { readonly userId: string; readonly change: AccountChange };

/** What waits for this person. */
export function waitingFor(waiting: WaitingChange | undefined, userId: string): AccountChange | undefined {
  return waiting?.userId === userId ? waiting.change : undefined;
}
