// The log: a line of JSON for each event, or on a terminal a line for people.
import pino, { type DestinationStream, type Logger } from 'pino';

/**
 * Levels by their names, times as RFC 3339. `destination` takes the lines where nobody watches; a terminal gets them at once,
 * in words.
 */
export function openLog(
  options: { readonly level: string; readonly base: Record<string, unknown> | null },
  terminal: NodeJS.WritableStream & { readonly isTTY?: boolean },
  destination: () => DestinationStream,
): Logger {
  const into = terminal.isTTY ? { write: (line: string) => void terminal.write(inWords(line)) } : destination();
  return pino(
    { ...options, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (level) => ({ level }) } },
    into,
  );
}

/** Of the process: the same in every line. */
const constant = new Set(['level', 'time', 'msg', 'pid', 'host']);

/** `12:34:56 warn  message  name=value`; a stack stands below. */
export function inWords(line: string): string {
  const { level, time, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const at = new Date(String(time));
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  const { err, ...fields } = rest;
  const { stack, message, ...more } = (err ?? {}) as { stack?: string; message?: string };
  const shown = Object.entries({ ...fields, ...(err !== undefined && { error: message, ...more }) })
    .filter(([name, value]) => !constant.has(name) && value !== undefined)
    .map(
      ([name, value]) =>
        `${name}=${typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`,
    );
  const words = typeof msg === 'string' && msg !== '' ? [msg] : [];
  const head = [`${clock} ${String(level).padEnd(5)}`, ...words, ...shown].join('  ');
  return `${[head, ...(stack === undefined ? [] : stack.split('\n').slice(1))].map(harmless).join('\n')}\n`;
}

/** What comes from outside does not steer the terminal. */
function harmless(line: string): string {
  return line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
}
