// The names of everything the audit log records, and the shape of a record.

/** Every event type there is. Names are a contract: they stand in stored events. */
export const auditTypes = [
  'tenant.created',
  'tenant.updated',
  'user.created',
  'user.updated',
  'user.disabled',
  'user.enabled',
  'user.deleted',
  'user.password_set',
  'user.password_changed',
  'user.password_reset_asked',
  'user.password_reset',
  'user.email_verification_asked',
  'user.email_verified',
  'user.sign_in_mail_asked',
  'user.email_change_asked',
  'user.email_changed',
  'user.signed_in',
  'user.sign_in_failed',
  'user.second_factor_asked',
  'user.password_change_asked',
  'user.second_factor_added',
  'user.second_factor_removed',
  'user.recovery_codes_made',
  'service_key.added',
  'service_key.updated',
  'service_key.revoked',
  'client.created',
  'client.updated',
  'client.secret_rotated',
  'client.secret_added',
  'client.secret_revoked',
  'client.deleted',
  'resource.created',
  'resource.updated',
  'resource.deleted',
  'consent.granted',
  'consent.revoked',
  'session.ended',
  'session.stepped_up',
  'grant.authorized',
  'grant.revoked',
  'token.issued',
  'token.refreshed',
  'token.refresh_repeated',
  'token.reuse_detected',
  'token.revoked',
  'token.exchanged',
  'token.exchange_refused',
  'code.reuse_detected',
  'key.created',
  'key.activated',
  'key.retired',
  'key.removed',
  'key.revoked',
  'message.retried',
  'admin.setup',
  'admin.reset',
  'deployment.restored',
] as const;

export type AuditType = (typeof auditTypes)[number];

/** Who did it: a user or a client by their id, an operator at a terminal, the server by itself, a visitor nobody knows. */
export type Actor =
  | { readonly kind: 'user' | 'client'; readonly id: string }
  | { readonly kind: 'operator' | 'server' | 'visitor' };

/** One thing that happened. Never holds a secret: ids, names of fields and counts only. */
export type AuditEvent = {
  readonly type: AuditType;
  readonly userId?: string;
  readonly clientId?: string;
  readonly sessionId?: string;
  readonly grantId?: string;
  readonly data?: Readonly<Record<string, unknown>>;
};

/** An event as it was written; `at` in milliseconds. */
export type RecordedEvent = AuditEvent & {
  readonly id: string;
  readonly at: number;
  readonly actor: Actor;
  readonly requestId?: string;
  readonly ip?: string;
};
