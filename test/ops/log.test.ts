// The log: names and times that people read, a line for people on a terminal, JSON elsewhere.
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { openLog } from '../../src/start/log.ts';

function opened(isTTY: boolean) {
  const terminal = Object.assign(new PassThrough().setEncoding('utf8'), { isTTY });
  const collected = new PassThrough().setEncoding('utf8');
  const log = openLog({ level: 'info', base: { pid: 7, host: 'here' } }, terminal, () => collected);
  return { log, terminal, collected };
}

test('where nobody watches: JSON with the name of the level and the time as RFC 3339', () => {
  const { log, terminal, collected } = opened(false);
  log.child({ reqId: 'abc' }).warn({ status: 503 }, 'slow');
  log.debug('not shown');
  expect(JSON.parse(collected.read() as string)).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    pid: 7,
    host: 'here',
    reqId: 'abc',
    status: 503,
    msg: 'slow',
  });
  expect(terminal.read()).toBeNull();
});

test('on a terminal: time, level, message, then the fields; nothing steers the terminal', () => {
  const { log, terminal, collected } = opened(true);
  const line = (work: () => void) => {
    work();
    return terminal.read() as string;
  };
  expect(line(() => log.warn({ status: 503, route: '/token', agent: 'a b', list: ['x'] }, 'slow'))).toMatch(
    /^\d\d:\d\d:\d\d warn {3}slow {2}status=503 {2}route=\/token {2}agent="a b" {2}list=\["x"\]\n$/,
  );
  expect(line(() => log.info({ method: 'GET' }))).toMatch(/^\d\d:\d\d:\d\d info {3}method=GET\n$/);
  expect(line(() => log.error({ name: '\u009b31m' }, 'a\u001b[31m\nb'))).not.toMatch(/(?!\n$)\p{Cc}/u);
  expect(collected.read()).toBeNull();
});

test('on a terminal an error stands with its message, and its stack below', () => {
  const { log, terminal } = opened(true);
  log.error({ err: Object.assign(new Error('went wrong'), { code: 'E1' }) }, 'failed');
  const [first, ...stack] = (terminal.read() as string).trimEnd().split('\n');
  expect(first).toMatch(/ error {2}failed {2}error="went wrong" {2}type=Error {2}code=E1$/);
  expect(stack.length).toBeGreaterThan(0);
  for (const line of stack) expect(line).toMatch(/^ {4}at /);
});
