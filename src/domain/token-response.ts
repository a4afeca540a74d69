// The successful answer of the token endpoint.

/** RFC 6749 5.1 and OpenID Connect Core 1.0 3.1.3.3. `expires_in` in seconds. */
export type TokenResponse = {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  readonly expires_in: number;
  readonly scope: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
  /** RFC 8693 2.2.1. */
  readonly issued_token_type?: string;
};
