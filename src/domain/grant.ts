// A grant: what a user authorized a client to do, and the family of the tokens that came of it.
import type { RequestedClaims } from './claims-request.ts';
import type { Authentication } from './authentication.ts';

export type Grant = {
  readonly id: string;
  readonly clientId: string;
  /** undefined: no person is behind it. */
  readonly userId: string | undefined;
  /** undefined: it came of no browser's session. */
  readonly sessionId: string | undefined;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  /** What was asked for by name; undefined: nothing. */
  readonly claims: RequestedClaims | undefined;
  /** True: it outlives its session. */
  readonly offline: boolean;
  readonly authentication: Authentication;
  /** Milliseconds: the absolute end of the family. */
  readonly expiresAt: number;
  readonly revoked: boolean;
  /** Those of its access tokens in the status lists, for each hour in which some expire. */
  readonly statusBits: readonly number[];
  /** Of each of them, the version of the client for which it was taken. */
  readonly statusVersions: readonly number[];
  readonly exchangedBits: readonly ExchangedBit[];
};

/** Of the tokens that another client got in exchange for those of a grant: their place, for one hour. `of`: {@link placeOwner}. */
export type ExchangedBit = { readonly of: string; readonly bit: number };

/** Of a grant whose first token is being made. */
export const noStatusBits = { statusBits: [], statusVersions: [], exchangedBits: [] } as const;
