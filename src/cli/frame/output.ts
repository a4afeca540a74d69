// What commands say: results on standard output, as tables or as JSON; everything else on standard error.
import Table from 'cli-table3';

export type Column<Row> = {
  readonly head: string;
  readonly of: (row: Row) => string | number | boolean | undefined;
  /** Copied into other commands, so never shortened. */
  readonly whole?: true;
};

export type Output = {
  readonly json: boolean;
  /** A list: a table for people; the rows themselves, as they are, for scripts. */
  list<Row extends object>(rows: readonly Row[], columns: readonly Column<Row>[], whenEmpty: string): void;
  /** One result: `text` for people, `value` for scripts. */
  result(value: object, text: string): void;
  /** Something beside the result, on standard error. */
  note(text: string): void;
  /** Why the command failed, on standard error. */
  failure(code: string, problems: readonly string[], before?: string): void;
};

const plain = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

export function output(json: boolean): Output {
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const note = (text: string) => process.stderr.write(`${text}\n`);
  return {
    json,
    list(rows, columns, whenEmpty) {
      if (json) say(asJson(rows));
      else if (rows.length === 0) note(visibleLines(whenEmpty));
      else say(table(rows, columns, process.stdout.isTTY ? process.stdout.columns || 80 : undefined));
    },
    result: (value, text) => say(json ? asJson(value) : visibleLines(text)),
    note: (text) => note(visibleLines(text)),
    failure(code, problems, before) {
      if (json) note(asJson({ error: code, problems }, 0));
      else if (before === undefined && problems.length === 1) note(visible(problems[0]!));
      else note([before ?? 'This does not work:', ...fewOf(problems).map((one) => `  ${visible(one)}`)].join('\n'));
    },
  };
}

/** So many are worth reading at once. */
const mostProblems = 10;

/** The first ones, and how many more there are. */
export function fewOf(problems: readonly string[]): readonly string[] {
  const more = problems.length - mostProblems;
  return more <= 0 ? problems : [...problems.slice(0, mostProblems), `and ${more} more`];
}

/** `room`: the width of the terminal; undefined when nobody looks, and nothing is shortened. */
function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], room: number | undefined): string {
  const drawn = (colWidths: number[]) => {
    const shown = new Table({
      head: columns.map(({ head }) => head),
      chars: plain,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
      colWidths,
    });
    for (const row of rows) shown.push(columns.map(({ of }) => visible(String(of(row) ?? '-'))));
    const text = shown.toString();
    return { text, widths: shown.options.colWidths as number[] };
  };
  const { text, widths } = drawn([]);
  const fitting = room === undefined ? widths : fittingWidths(widths, columns, room);
  return (fitting.every((width, i) => width === widths[i]) ? text : drawn(fitting).text)
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Narrower ones say nothing any more; and a heading is read as a whole. */
const narrowest = 6;

/** The widest gives way first, as far as there are any that may. */
function fittingWidths(
  widths: readonly number[],
  columns: readonly Pick<Column<never>, 'whole' | 'head'>[],
  room: number,
): number[] {
  const fitting = [...widths];
  const total = () => fitting.reduce((sum, width) => sum + width, plain.middle.length * (fitting.length - 1));
  while (total() > room) {
    const yielding = fitting.map((width, i) => {
      const { whole, head } = columns[i]!;
      return !whole && width > Math.max(narrowest, head.length) ? width : 0;
    });
    const most = Math.max(...yielding);
    if (most === 0) break;
    fitting[yielding.lastIndexOf(most)] = most - 1;
  }
  return fitting;
}

/** Names come from other people: no control character of theirs reaches the terminal. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
}

function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

/** JSON in lines. What JSON lets pass but terminals obey (C1 controls, marks of direction) is escaped; it means the same. */
function asJson(value: object, indent = 2): string {
  return JSON.stringify(value, null, indent).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (control) =>
    control === '\n'
      ? control
      : Array.from({ length: control.length }, (_, i) => escaped(control.charCodeAt(i))).join(''),
  );
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}

/** `1 session`, `2 sessions`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** A time as people and scripts read it: RFC 3339, in UTC, to the second. */
export function shownTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

const units: readonly [string, number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

/** A time in a table, as people think of it: `3 hours ago`, `in 2 days`. `at`: RFC 3339. */
export function roughly(at: string, now = Date.now()): string {
  const away = Date.parse(at) - now;
  const [unit, length] = units.find((one) => Math.abs(away) >= one[1]) ?? ['', 0];
  if (unit === '') return away > 0 ? 'in a minute' : 'just now';
  const words = counted(Math.floor(Math.abs(away) / length), unit);
  return away > 0 ? `in ${words}` : `${words} ago`;
}
