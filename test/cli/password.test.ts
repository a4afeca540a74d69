// Typing a new password at a terminal: twice, unseen.
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { passwordSource } from '../../src/cli/frame/password.ts';
import { CommandError } from '../../src/cli/frame/run.ts';
import type { Deps } from '../../src/deps.ts';

const long = 'a bridge over the quiet river';
const nothing = {} as Deps;

/** Answers the questions in their order as a person does: when they are asked. */
async function typing(...answers: string[]): Promise<{ shown: string; outcome: unknown }> {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PassThrough();
  let shown = '';
  output.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    if (text.endsWith(': ')) input.write(answers.shift() ?? '\u0003');
  });
  const outcome = await passwordSource({}, { input, output })(nothing).catch((error: unknown) => error);
  return { shown, outcome };
}

test('typed twice, with a mistake taken back: nothing of it is shown', async () => {
  const { shown, outcome } = await typing(`${long}x\u007f\r`, `${long}\r`);
  expect(outcome).toEqual({ password: long, generated: false });
  expect(shown).toBe('New password: \nRepeat the password: \n');
});

test('too short, then not the same twice: asked again, and the third try counts', async () => {
  const { shown, outcome } = await typing('short\r', `${long}\r`, `${long}r\r`, `${long}\r`, `${long}\r`);
  expect(outcome).toEqual({ password: long, generated: false });
  expect(shown).toBe(
    [
      'New password: ',
      'The password must have at least 15 characters. Try again.',
      'New password: ',
      'Repeat the password: ',
      'The two are not the same. Try again.',
      'New password: ',
      'Repeat the password: ',
      '',
    ].join('\n'),
  );
});

const differing = [`${long}\r`, `${long}r\r`];
test.each([
  ['two that differ, three times', [...differing, ...differing, ...differing], 'The two are not the same.'],
  ['one that is too short, three times', ['short\r', 'short\r', 'short\r'], 'must have at least 15 characters'],
  ['Ctrl-C', ['a bridge\u0003'], 'Nothing was changed.'],
  ['Ctrl-C at the second question', [`${long}\r`, '\u0003'], 'Nothing was changed.'],
])('%s: nothing is changed', async (_what, answers, problem) => {
  const { shown, outcome } = await typing(...answers);
  expect(outcome).toBeInstanceOf(CommandError);
  expect(outcome).toMatchObject({ exit: 'failed', message: expect.stringContaining(problem) });
  expect(shown).not.toContain('bridge');
});

test('nobody to ask: refused before anything is opened', () => {
  const person = { input: new PassThrough(), output: new PassThrough() };
  expect(() => passwordSource({}, person)).toThrow(expect.objectContaining({ exit: 'usage' }) as Error);
});
