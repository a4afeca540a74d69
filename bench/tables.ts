// Tables of text: for the terminal, and as Markdown as the formatter would write it.

/** Columns of equal width; numbers, which every column but the first two holds, to the right. */
export function plainTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(line).join('\n');
}

/** Every column but the first is of numbers, to the right, unless `texts` says that all are texts. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { texts = false }: { texts?: boolean } = {},
): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const isRight = (column: number) => !texts && column > 0;
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (isRight(i) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (isRight(i) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width))).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** `12,345`, `123.4`, `12.3`, `1.23`: three digits that say something, or more before the point. */
export function figure(value: number | null): string {
  if (value === null) return '–';
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** `value` of `of`, in percent. */
export function percent(value: number | null, of: number | null): string {
  return value === null || of === null || of === 0 ? '–' : `${Math.round((value / of) * 100)} %`;
}

/** How many times `of` `value` is. */
export function times(value: number | null, of: number | null): string {
  return value === null || of === null || of === 0 ? '–' : `${(value / of).toFixed(value / of < 10 ? 1 : 0)} ×`;
}
