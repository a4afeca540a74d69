// Text of strangers made fit to be kept.

/** The first `most` characters, none of them cut in two or half a one: PostgreSQL takes no such JSON (RFC 8259 8.2). */
export function shortened(text: string, most: number): string {
  return Array.from(text.toWellFormed()).slice(0, most).join('');
}
