// What an examination of an installation finds.

/** What was looked at; stable, for scripts. */
export type CheckName =
  | 'settings'
  | 'data-directory'
  | 'database-user'
  | 'secret-key'
  | 'secret-files'
  | 'database'
  | 'durability'
  | 'connections'
  | 'clock'
  | 'schema'
  | 'signing-keys'
  | 'administrator'
  | 'first-party'
  | 'outbox'
  | 'address'
  | 'certificate'
  | 'mail'
  | 'sms';

/** `problem`: it does not work, or promises are broken. `warning`: it works, and somebody should look. */
export type Severity = 'ok' | 'warning' | 'problem';

export type Finding = {
  readonly check: CheckName;
  readonly severity: Severity;
  /** In a sentence or two; never a secret. */
  readonly seen: string;
  /** What to do about it; there with every warning and every problem. */
  readonly todo?: string;
};

export function ok(check: CheckName, seen: string): Finding {
  return { check, severity: 'ok', seen };
}

export function warning(check: CheckName, seen: string, todo: string): Finding {
  return { check, severity: 'warning', seen, todo };
}

export function problem(check: CheckName, seen: string, todo: string): Finding {
  return { check, severity: 'problem', seen, todo };
}
