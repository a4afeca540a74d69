// Calendar months in UTC, by which the audit log is kept and dropped.

/** Numbered from the year 0: two that follow each other differ by one. */
export type Month = number;

/** The month of a time in milliseconds. */
export function monthOf(time: number): Month {
  const date = new Date(time);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

/** Its first moment, as PostgreSQL reads it. */
export function startOf(month: Month): string {
  return new Date(Date.UTC(Math.floor(month / 12), month % 12)).toISOString();
}

/** `2027_01`. */
export function nameOf(month: Month): string {
  return startOf(month).slice(0, 7).replace('-', '_');
}

/** The month of a name, or undefined. */
export function monthNamed(name: string): Month | undefined {
  const match = /^(\d{4})_(0[1-9]|1[0-2])$/.exec(name);
  return match ? Number(match[1]) * 12 + Number(match[2]) - 1 : undefined;
}
