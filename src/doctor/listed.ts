// Names in a finding: a few, and how many more.

const most = 5;

/** `names` may be fewer than the `count` there are. */
export function listed(names: readonly string[], count = names.length): string {
  const shown = names.slice(0, most);
  const rest = count - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
