// How many attempts are free, how the wait grows after them, and the keys under which attempts are counted.

/** A budget: attempts are free up to `free`, then each costs a wait that doubles from one second up to `longestWait`. */
export type Budget = {
  readonly free: number;
  /** Milliseconds of the first wait; one second unless given. */
  readonly firstWait?: number;
  /** Milliseconds. */
  readonly longestWait: number;
  /** Milliseconds without an attempt after which all is forgotten. */
  readonly forgottenAfter: number;
};

/** Per account and browser it has used before; per account and everybody else; per network address. */
export type FactorBudgets = { readonly knownBrowser: Budget; readonly strangers: Budget; readonly address: Budget };

/**
 * What is guessed at: a password; any code of a second factor, so that no other kind of code gives more guesses; a code that
 * was mailed to sign in with.
 */
export const guessedAt = ['password', 'code', 'mailed_code'] as const;
export type GuessedAt = (typeof guessedAt)[number];

/** What guessing at each may cost. Six digits are few: after the first dozen, an hour has one guess. */
export const factorBudgets: Readonly<Record<GuessedAt, FactorBudgets>> = {
  password: {
    knownBrowser: { free: 5, longestWait: 15 * 60_000, forgottenAfter: 24 * 3600_000 },
    strangers: { free: 5, longestWait: 15 * 60_000, forgottenAfter: 24 * 3600_000 },
    address: { free: 100, longestWait: 60_000, forgottenAfter: 3600_000 },
  },
  code: {
    knownBrowser: { free: 5, longestWait: 3600_000, forgottenAfter: 7 * 24 * 3600_000 },
    strangers: { free: 5, longestWait: 3600_000, forgottenAfter: 7 * 24 * 3600_000 },
    address: { free: 100, longestWait: 60_000, forgottenAfter: 3600_000 },
  },
  // Each mailed code has few guesses of its own (domain/passwordless.ts); this counts over all that are sent for an account.
  mailed_code: {
    knownBrowser: { free: 10, longestWait: 3600_000, forgottenAfter: 7 * 24 * 3600_000 },
    strangers: { free: 10, longestWait: 3600_000, forgottenAfter: 7 * 24 * 3600_000 },
    address: { free: 30, longestWait: 60_000, forgottenAfter: 3600_000 },
  },
};

/**
 * Wrong guesses at codes that were mailed for an account, within a day, and which nothing ends: by all browsers and devices that
 * the account knows, and by all others. Whoever asks for code after code, from network after network, has no more than these.
 */
export const mailedCodeGuesses: Budget = {
  free: 30,
  firstWait: 15 * 60_000,
  longestWait: 3600_000,
  forgottenAfter: 24 * 3600_000,
};

/** Mails that somebody asks for: per address, whatever their kind, and per network, which asks for many addresses. */
export const mailBudgets = {
  // No wait is longer than a link is good: who was sent one can use it, or ask again.
  address: { free: 3, firstWait: 5 * 60_000, longestWait: 30 * 60_000, forgottenAfter: 24 * 3600_000 },
  // A link to another password, when others have used up the budget of the address: one in as long as it is good.
  reset: { free: 1, firstWait: 30 * 60_000, longestWait: 30 * 60_000, forgottenAfter: 24 * 3600_000 },
  network: { free: 30, longestWait: 60_000, forgottenAfter: 3600_000 },
  // Of an account, within a day, out of turn: all that its browsers, devices and sessions ask for.
  person: { free: 30, firstWait: 15 * 60_000, longestWait: 3600_000, forgottenAfter: 24 * 3600_000 },
} as const satisfies Record<string, Budget>;

/** Who asks for a code, each with a budget of their own: a browser or device that the account knows by a code, or another. */
export type Asker = { readonly isKnown: boolean; readonly key: string };

/**
 * Text messages: each costs money, which is what some ask for them for. Those to a factor that somebody has are counted until a
 * code comes back, per browser or device that the account knows by a code, and per network of all others (`factor`); per person
 * and day apart for those devices (`devices`) and for all others (`person`), and of these within an hour per network (`asking`).
 * Those to a number that is to be added, which may be anybody's, per number until a code comes back, per person and day, and
 * within an hour per network and per the first digits. Both per tenant within an hour, but for codes of a factor that came back.
 */
export const smsBudgets = {
  factor: { free: 3, firstWait: 5 * 60_000, longestWait: 30 * 60_000, forgottenAfter: 24 * 3600_000 },
  devices: { free: 30, firstWait: 15 * 60_000, longestWait: 3600_000, forgottenAfter: 24 * 3600_000 },
  person: { free: 30, firstWait: 15 * 60_000, longestWait: 3600_000, forgottenAfter: 24 * 3600_000 },
  asking: { free: 60, longestWait: 60_000, forgottenAfter: 3600_000 },
  number: { free: 3, firstWait: 5 * 60_000, longestWait: 30 * 60_000, forgottenAfter: 24 * 3600_000 },
  enrolment: { free: 5, firstWait: 15 * 60_000, longestWait: 3600_000, forgottenAfter: 24 * 3600_000 },
  network: { free: 10, longestWait: 5 * 60_000, forgottenAfter: 3600_000 },
  prefix: { free: 50, longestWait: 60_000, forgottenAfter: 3600_000 },
  tenant: { free: 500, longestWait: 60_000, forgottenAfter: 3600_000 },
} as const satisfies Record<string, Budget>;

/** Milliseconds for which a network that sent the right secret of a client is remembered: it is let in while others guess there. */
export const rightSecretRemembered = 24 * 3600_000;

/** Per client and network address: wrong client secrets. */
export const clientSecretBudget: Budget = { free: 50, longestWait: 60_000, forgottenAfter: 3600_000 };

/** The wait in milliseconds that the `attempt`-th attempt (from 1) leaves behind it. */
export function waitAfter(budget: Budget, attempt: number): number {
  if (attempt < budget.free) return 0;
  return Math.min((budget.firstWait ?? 1000) * 2 ** Math.min(attempt - budget.free, 40), budget.longestWait);
}

/** The network a client address belongs to: itself for IPv4, its /64 for IPv6, because one household has a whole /64. */
export function networkOf(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip);
  if (mapped) return mapped[1]!;
  if (!ip.includes(':')) return ip;
  const [head = '', tail] = ip.split('%')[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined
      ? left
      : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
