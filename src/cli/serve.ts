// `signet serve`: the server as a process: settings -> server -> terminal -> end.
import { setTimeout as wait } from 'node:timers/promises';
import { Command } from 'commander';
import type { Environment } from '../config/names.ts';
import { ConfigError, readConfig } from '../config/read.ts';
import { secretFileWarnings } from '../config/secret-files.ts';
import { ProvisioningError } from '../flows/provision/problems.ts';
import { followTls } from '../start/follow-tls.ts';
import { fewOf } from './frame/output.ts';
import { startServer } from '../start/server.ts';

export function serveCommand(env: Environment): Command {
  return new Command('serve')
    .description('Run the server until it is told to end, as "npm start" does.')
    .action(() => serve(env));
}

/** Runs the server until a signal ends the process. What stands in the way of a start is said, and makes it end with 1. */
async function serve(env: Environment): Promise<void> {
  try {
    await start(env);
  } catch (error) {
    complain(error);
    process.exitCode = 1;
  }
}

/** Milliseconds in which a second signal is the first one again: a terminal sends its own, and npm passes on another. */
const sameAsking = 2000;

async function start(env: Environment): Promise<void> {
  const { config, warnings } = readConfig(env);
  for (const warning of [...warnings, ...secretFileWarnings(env)]) say(`Warning: ${warning}`);
  const server = await startServer(config);
  for (const warning of server.warnings) say(`Warning: ${warning}`);
  // Before anybody is told that it is ready: who then asks it to end is heard.
  let askedAt: number | undefined;
  const end = (drainSeconds: number) => {
    if (askedAt !== undefined) {
      // Asked again: somebody does not want to wait.
      if (performance.now() - askedAt > sameAsking) process.exit(1);
      return;
    }
    askedAt = performance.now();
    say('Signet is ending: what is under way is answered first.');
    void Promise.race([server.stop(drainSeconds).then(() => 0), wait(drainSeconds * 1000 + 12_000, 1, { ref: false })])
      .catch((error: unknown) => (complain(error), 1))
      .then((code) => process.exit(code));
  };
  const tls =
    config.tls &&
    followTls(config.tls, {
      read: () => readConfig(env).config.tls,
      use: (pair) => server.useTls(pair),
      log: server.deps.log,
    });
  // A terminal that closes, or whoever has replaced the certificate: neither ends a server.
  process.on('SIGHUP', () => tls?.again());
  process.on('SIGTERM', () => end(config.drainSeconds));
  process.on('SIGINT', () => end(0));
  void server.lost.then((what) => {
    say(`${what} So Signet ends. Start it again.`);
    process.exit(1);
  });

  const issuer = config.publicUrl;
  say('');
  say(`  Signet is ready at ${issuer}`);
  say('');
  say(`  Sign in            ${issuer}/sign-in`);
  say(`  Discovery          ${issuer}/.well-known/openid-configuration`);
  if (server.inboxUrl !== undefined) say(`  Inbox              ${server.inboxUrl}`);
  if (server.setupUrl !== undefined) {
    say(`  First administrator, with this link, once, within 24 hours:`);
    say(`  ${server.setupUrl}`);
  }
  if (server.awaitsApplication) {
    say(`  Next, an application:  npx signet client create --help`);
  }
  say('');
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function complain(error: unknown): void {
  if (error instanceof ConfigError || error instanceof ProvisioningError) {
    say(`Signet cannot start:`);
    for (const problem of fewOf(error.problems)) say(`  - ${problem}`);
  } else {
    say(`Signet cannot start: ${error instanceof Error ? error.message : String(error)}`);
  }
}
