// What commands say: results on standard output, as tables or as JSON; everything else on standard error.
import Table from 'cli-table3';

export type Column<Row> = { readonly head: string; readonly of: (row: Row) => string | number | boolean | undefined };

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
      else if (rows.length === 0) note(whenEmpty);
      else say(table(rows, columns));
    },
    result: (value, text) => say(json ? asJson(value) : visibleLines(text)),
    note: (text) => note(visibleLines(text)),
    failure(code, problems, before) {
      if (json) note(JSON.stringify({ error: code, problems }));
      else if (before === undefined && problems.length === 1) note(visible(problems[0]!));
      else note([before ?? 'This does not work:', ...problems.map((problem) => `  ${visible(problem)}`)].join('\n'));
    },
  };
}

function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const shown = new Table({
    head: columns.map(({ head }) => head),
    chars: plain,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) shown.push(columns.map(({ of }) => visible(String(of(row) ?? '-'))));
  return shown
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Names come from other people: no control character of theirs reaches the terminal. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
}

function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n');
}

/** JSON in lines. What JSON lets pass but terminals obey (C1 controls, marks of direction) is escaped; it means the same. */
function asJson(value: object): string {
  return JSON.stringify(value, null, 2).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (control) =>
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
