// Codes that people type: short, so that they last minutes and are guessed at a few times only.

/** Six decimal digits from six random bytes: one part in three hundred million from even. */
export function sixDigits(random: Buffer): string {
  return String(random.readUIntBE(0, 6) % 1_000_000).padStart(6, '0');
}

/** What was typed or pasted, without the blanks that people put into codes. */
export function withoutBlanks(code: string): string {
  return code.replaceAll(/\s/g, '');
}
