// Whose second factors are looked at or changed, and by which right.
import type { Grant } from '../../domain/grant.ts';
import type { User } from '../../domain/user.ts';

/** The person behind a fresh token, or between the factors of a sign-in that demands one of somebody who has none. */
export type Owner = {
  readonly user: User;
  /** Of the token; undefined between the factors. */
  readonly grant: Grant | undefined;
  /** The sign-in that waits for its second factor; undefined behind a token. */
  readonly attemptId?: string;
};
