// Whose second factors are looked at or changed, and by which right.
import type { Grant } from '../../domain/grant.ts';
import type { Session } from '../../domain/session.ts';
import type { User } from '../../domain/user.ts';

/** By what a person is known to be this one. */
export type Right =
  | { readonly kind: 'token'; readonly grant: Grant }
  /** `nextSecret`: the hash of the cookie that the browser gets when a factor was proven. */
  | { readonly kind: 'browser'; readonly session: Session; readonly nextSecret: Buffer }
  /** The sign-in that demands a factor of somebody who has none, between its factors. */
  | { readonly kind: 'half sign-in'; readonly attemptId: string }
  /** The same in a browser: it is completed with the factor. */
  | { readonly kind: 'browser sign-in'; readonly attemptId: string };

export type Owner = { readonly user: User; readonly by: Right };

/** The sign-in that goes on when all others end. */
export function keptSession({ by }: Pick<Owner, 'by'>): string | undefined {
  switch (by.kind) {
    case 'token':
      return by.grant.sessionId;
    case 'browser':
      return by.session.id;
    case 'half sign-in':
    case 'browser sign-in':
      return undefined;
  }
}
