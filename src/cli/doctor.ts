// `signet doctor`: looks at everything, changes nothing, and says what to do.
import { Command, InvalidArgumentError } from 'commander';
import type { Environment } from '../config/names.ts';
import type { Severity } from '../domain/finding.ts';
import { isEmail } from '../domain/user.ts';
import { phoneKey } from '../domain/sms.ts';
import { examine } from '../doctor/examine.ts';
import { told } from './doctor-report.ts';
import { command, exitCodes } from './frame/run.ts';

type Options = { readonly urlTimeout: number; readonly sendTestMail?: string; readonly sendTestSms?: string };

export function doctorCommand(env: Environment): Command {
  const shape = new Command('doctor')
    .description(
      'Look at settings, database, keys, address, mail and text messages, and say what to do about what is wrong.',
    )
    .option('--url-timeout <seconds>', 'how long to wait for an answer at PUBLIC_URL', seconds, 5)
    .option('--send-test-mail <address>', 'send one test mail there', address)
    .option('--send-test-sms <number>', 'send one test text message there', phone);
  return command(shape, env, async (terminal, { urlTimeout, sendTestMail: mailTo, sendTestSms: smsTo }: Options) => {
    const [patience, uid] = [urlTimeout * 1000, process.getuid?.()];
    const findings = await examine(terminal.env, { clock: Date.now, patience, mailTo, smsTo, uid });
    const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
    const [problems, warnings] = [count('problem'), count('warning')];
    terminal.out.result({ problems, warnings, findings }, told(findings));
    if (problems > 0) process.exitCode = exitCodes.failed;
  });
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

function phone(value: string): string {
  const number = phoneKey(value);
  if (number !== undefined) return number;
  throw new InvalidArgumentError('It must be one telephone number with its country, such as +15550100123.');
}
