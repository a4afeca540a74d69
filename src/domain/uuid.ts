// UUIDv7 (RFC 9562 5.7), made in the application so that every database will do.

/** True for an id as this server writes them: lower case, with hyphens. */
export function isUuid(value: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}

/** RFC 9562 5.7: a UUIDv7 from a time in milliseconds and ten random bytes. */
export function uuidv7(now: number, random: Uint8Array): string {
  const time = now.toString(16).padStart(12, '0').slice(-12);
  const tail = Buffer.from(random.subarray(0, 10));
  tail[0] = 0x70 | (tail[0]! & 0x0f);
  tail[2] = 0x80 | (tail[2]! & 0x3f);
  const hex = time + tail.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}
