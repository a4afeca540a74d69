// `signet completion SHELL`: a script for the shell, and the answers that the script asks for.
import { readdirSync } from 'node:fs';
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

/** Adds it to `signet`, which has all its other commands by then. */
export function addCompletion(signet: Command): void {
  const completion = tab(signet, { completionCommandName: 'completion' });
  for (const [name, { arguments: named }] of completion.commands) {
    const file = named.get('file');
    if (file) file.handler ??= (complete) => filesHere(name === 'apply').forEach((found) => complete(found, ''));
  }
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
