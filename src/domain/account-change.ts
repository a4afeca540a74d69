// What people end on their account page beside their own session, and what of it waits until they have proven who they are.

export type AccountChange =
  | { readonly kind: 'revoke consent'; readonly clientId: string }
  | { readonly kind: 'end session'; readonly sessionId: string }
  | { readonly kind: 'end other sessions' };

/** Led to a sign-in by this person, and is for nobody else who signs in there. */
export type WaitingChange = { readonly userId: string; readonly change: AccountChange };

/** What waits for this person. */
export function waitingFor(waiting: WaitingChange | undefined, userId: string): AccountChange | undefined {
  return waiting?.userId === userId ? waiting.change : undefined;
}
