// What the server reports while it works, for whoever counts it; and in which words.
import type { GrantType } from './client.ts';
import type { FactorMethod } from './factors.ts';
import type { GuessedAt, smsBudgets } from './limits.ts';
import type { Channel } from './outbox.ts';
import { OAuthError, type OAuthErrorCode, Refusal, type RefusalCode, Unavailable } from './errors.ts';

/** How something ended: the code of the error it ended with, never its text. `failure` is a bug of ours. */
export type Outcome = 'success' | OAuthErrorCode | RefusalCode | 'unavailable' | 'failure';

/** Which budget of attempts was used up. */
export type LimitKind =
  | `${GuessedAt}_${'account' | 'known_browser' | 'address'}`
  | 'client_secret'
  | `mail_${'address' | 'network'}`
  | `sms_${keyof typeof smsBudgets}`
  | 'resend';

/** Called when something has happened. What is passed has few values each, and none of them is anybody's. */
export type Metrics = {
  /** `route` is the pattern that matched, undefined when none did: never the address that was asked for. */
  request(route: string | undefined, method: string, status: number, seconds: number): void;
  signIn(method: FactorMethod, outcome: Outcome): void;
  token(grant: GrantType | 'other', outcome: Outcome): void;
  limited(kind: LimitKind): void;
  /** A message to somebody was sent, was not and is tried again, or was given up. */
  delivery(channel: Channel, outcome: 'sent' | 'failed' | 'dead'): void;
  /** The reply of a rotation was asked for again within the grace. `elsewhere`: from another network or user agent. */
  refreshRepeated(from: 'same' | 'elsewhere'): void;
};

/** Nobody counts. */
export const unmeasured: Metrics = {
  request() {},
  signIn() {},
  token() {},
  limited() {},
  refreshRepeated() {},
  delivery() {},
};

/** Reports how `work` ends, and ends the same way. */
export async function reporting<T>(work: Promise<T>, report: (outcome: Outcome) => void): Promise<T> {
  try {
    const result = await work;
    report('success');
    return result;
  } catch (error) {
    report(outcomeOf(error));
    throw error;
  }
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof OAuthError || error instanceof Refusal) return error.code;
  return error instanceof Unavailable ? 'unavailable' : 'failure';
}
