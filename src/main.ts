// The process: environment -> config -> server -> terminal -> end.
import { existsSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { ConfigError, readConfig } from './config.ts';
import { ProvisioningError } from './flows/provision/problems.ts';
import { startServer } from './server.ts';

async function main(): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile();
  const { config, warnings } = readConfig(process.env);
  for (const warning of warnings) say(`Warning: ${warning}`);
  const server = await startServer(config);
  // Before anybody is told that it is ready: who then asks it to end is heard.
  let ending = false;
  const end = (drainSeconds: number) => {
    // Asked twice: somebody does not want to wait.
    if (ending) process.exit(1);
    ending = true;
    say('Signet is ending: what is under way is answered first.');
    void Promise.race([server.stop(drainSeconds).then(() => 0), wait(drainSeconds * 1000 + 12_000, 1, { ref: false })])
      .catch((error: unknown) => (complain(error), 1))
      .then((code) => process.exit(code));
  };
  process.on('SIGTERM', () => end(config.drainSeconds));
  process.on('SIGINT', () => end(0));
  void server.lost.then(() => {
    say('The embedded PostgreSQL ended, so Signet ends too. Start it again; the log of PostgreSQL is in DATA_DIR.');
    process.exit(1);
  });

  const issuer = config.publicUrl;
  say('');
  say(`  Signet is ready at ${issuer}`);
  say('');
  say(`  Sign in            ${issuer}/sign-in`);
  say(`  Discovery          ${issuer}/.well-known/openid-configuration`);
  if (server.setupUrl !== undefined) {
    say(`  First administrator, with this link, once, within 24 hours:`);
    say(`  ${server.setupUrl}`);
  }
  say('');
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function complain(error: unknown): void {
  if (error instanceof ConfigError || error instanceof ProvisioningError) {
    say(`Signet cannot start:`);
    for (const problem of error.problems) say(`  - ${problem}`);
  } else {
    say(`Signet cannot start: ${error instanceof Error ? error.message : String(error)}`);
  }
}

try {
  await main();
} catch (error) {
  complain(error);
  process.exitCode = 1;
}
