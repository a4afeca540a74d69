// What Signet's cookies are called where its issuer is http.

/** RFC 6265 8.5: with the port, because cookies of one host are sent to all of its ports. */
export function cookieName(
  { issuer }: { readonly issuer: string },
  name: 'session' | 'browser' | 'known',
  slug = 'default',
): string {
  return `signet-${slug}-${name}-${new URL(issuer).port}`;
}
