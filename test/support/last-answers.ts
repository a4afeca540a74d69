// Below a test that fails, on standard error: the last answers that it got through `fetch`.
import { afterEach, beforeEach } from 'vitest';
import { recordAnswers } from './recorded-answers.ts';

// Tests may put something else in its place; what they restore afterwards is this.
const recorder = recordAnswers(globalThis.fetch);
globalThis.fetch = recorder.fetch;

beforeEach(() => recorder.forget());
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  const lines = await recorder.told();
  if (lines.length > 0) process.stderr.write(`The last answers before "${task.name}" failed:\n${lines.join('\n')}\n`);
});
