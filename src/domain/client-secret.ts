// The secrets of a client: how many there may be, and when each is right.

export type ClientSecret = {
  /** `registered` for the one of its registration, a name that was made for the others. */
  readonly id: string;
  readonly mac: string;
  /** The secret itself, sealed: kept only where it is needed as a key (RFC 7523). */
  readonly sealed: string | undefined;
  /** Milliseconds; undefined for the registered one, which is as old as the client or its last rotation. */
  readonly addedAt: number | undefined;
  /** Milliseconds; undefined: it stands until it is revoked. */
  readonly expiresAt: number | undefined;
};

/** The id of the secret that registration, provisioning files and rotation are about. */
export const registeredSecretId = 'registered';

/** As it is stored with the client. */
export function registeredSecret(stored: Pick<ClientSecret, 'mac' | 'sealed'>): ClientSecret {
  return { id: registeredSecretId, ...stored, addedAt: undefined, expiresAt: undefined };
}

/** One that is used, and one that follows it. */
export const mostSecrets = 2;

/** Those that have not expired at `now`, in milliseconds. */
export function liveSecrets(secrets: readonly ClientSecret[], now: number): readonly ClientSecret[] {
  return secrets.filter(({ expiresAt }) => expiresAt === undefined || now < expiresAt);
}
