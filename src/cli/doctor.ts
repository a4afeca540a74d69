// `signet doctor`: looks at everything, changes nothing, and says what to do.
import { Command, InvalidArgumentError } from 'commander';
import type { Environment } from '../config-names.ts';
import type { Finding } from '../domain/finding.ts';
import { isEmail } from '../domain/user.ts';
import { examine } from './doctor/examine.ts';
import { visible } from './output.ts';
import { command, exitCodes } from './run.ts';

type Options = { readonly urlTimeout: number; readonly mailTo?: string };

export function doctorCommand(env: Environment): Command {
  const shape = new Command('doctor')
    .description('Look at settings, database, keys, address and mail, and say what to do about what is wrong.')
    .option('--url-timeout <seconds>', 'how long to wait for an answer at PUBLIC_URL', seconds, 5)
    .option('--mail-to <address>', 'send a message there as a test', address);
  return command(shape, env, async (terminal, { urlTimeout, mailTo }: Options) => {
    const findings = await examine(terminal.env, { clock: Date.now, patience: urlTimeout * 1000, mailTo });
    const problems = count(findings, 'problem');
    const warnings = count(findings, 'warning');
    const summary = `${numbered(problems, 'problem')}, ${numbered(warnings, 'warning')}, ${count(findings, 'ok')} ok.`;
    terminal.out.result({ problems, warnings, findings }, [...findings.flatMap(lines), '', summary].join('\n'));
    if (problems > 0) process.exitCode = exitCodes.failed;
  });
}

function lines({ check, severity, seen, todo }: Finding): string[] {
  const indent = ' '.repeat(9 + 16);
  const head = `${severity.padEnd(9)}${check.padEnd(16)}${visible(seen)}`;
  return todo === undefined ? [head] : [head, `${indent}${visible(todo)}`];
}

function count(findings: readonly Finding[], severity: Finding['severity']): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

function numbered(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

function seconds(value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= 1 && number <= 300) return number;
  throw new InvalidArgumentError('It must be a whole number of seconds from 1 to 300.');
}

function address(value: string): string {
  if (isEmail(value)) return value;
  throw new InvalidArgumentError('It must be one e-mail address.');
}
