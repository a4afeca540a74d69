// Where a sign-in that is half done goes on.
import type { HalfSignedIn } from '../../flows/sign-in/ask-new-password.ts';

/** Where the second factor is proven, the first one added, or another password chosen. */
export const waitingPaths = {
  'second factor': '/sign-in/second-factor',
  'new factor': '/sign-in/add-factor',
  'new password': '/sign-in/new-password',
} as const satisfies Record<HalfSignedIn['waitsFor'], string>;

/** A path of the tenant. */
export function waitingPath({ waitsFor, attemptId }: HalfSignedIn): string {
  return `${waitingPaths[waitsFor]}?attempt=${attemptId}`;
}
