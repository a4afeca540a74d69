// `signet completion SHELL`: a script for the shell, and the answers that the script asks for.
import { readdirSync } from 'node:fs';
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/** Adds it to `signet`, which has all its other commands by then. */
export function addCompletion(signet: Command): void {
  const completion = tab(signet, { completionCommandName: 'completion' });
  const shown = signet.commands.find((command) => command.name() === 'completion')!;
  shown.action((shell: string) => {
    const script = whatIsLogged(() => completion.setup(signet.name(), signet.name(), shell));
    process.stdout.write(shell === 'bash' ? withoutConstants(script) : script);
  });
  for (const [name, { arguments: named }] of completion.commands) {
    const file = named.get('file');
    if (file) file.handler ??= (complete) => filesHere(name === 'apply').forEach((found) => complete(found, ''));
  }
}

/** What the library writes, and offers in no other way. */
function whatIsLogged(work: () => void): string {
  const lines: string[] = [];
  const { log } = console;
  // oxlint-disable-next-line no-console
  console.log = (line: string) => lines.push(`${line}\n`);
  try {
    work();
  } finally {
    // oxlint-disable-next-line no-console
    console.log = log;
  }
  return lines.join('');
}

/** Read-only variables of a shell cannot be set a second time, neither by this script nor by one of another program. */
function withoutConstants(script: string): string {
  const constant = /^readonly (\w+)=(\d+)\n/gm;
  let text = script.replaceAll(constant, '');
  for (const [, name, value] of script.matchAll(constant)) text = text.replaceAll(`$${name}`, value!);
  return text;
}

/** The script tells the shell to offer nothing but what it is given, so files are given too: those in this folder. */
function filesHere(provisioning: boolean): string[] {
  return (
    readdirSync('.', { withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      // The shells' scripts expand what they are given: a name with $(...) in it would be run at the first TAB.
      .filter((name) => /^[A-Za-z0-9_][\w.,@%+=-]*$/.test(name))
      .filter((name) => !provisioning || /\.(?:ya?ml|json)$/.test(name))
  );
}
