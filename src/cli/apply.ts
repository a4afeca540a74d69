// `signet apply FILE`: brings a tenant to what a provisioning file says. Works beside a running server.
import { resolve } from 'node:path';
import { Command } from 'commander';
import pino from 'pino';
import { ConfigError, readConfig } from '../config.ts';
import { applyFile } from '../flows/provision/apply-file.ts';
import { ProvisioningError } from '../flows/provision/problems.ts';
import { ensureDefaultTenant } from '../flows/tenants.ts';
import { openBackend } from '../server.ts';

/** Exit codes: 0 applied, 1 nothing was applied. */
export function applyCommand(env: Readonly<Record<string, string | undefined>>): Command {
  return new Command('apply')
    .description('Apply a provisioning file (JSON or YAML): all of it, or nothing.')
    .argument('<file>', 'the provisioning file')
    .action(async (file: string) => {
      try {
        await apply(env, file);
      } catch (error) {
        const problems =
          error instanceof ProvisioningError || error instanceof ConfigError
            ? error.problems
            : [error instanceof Error ? error.message : String(error)];
        process.stderr.write(`Nothing was applied.\n${problems.map((problem) => `  ${problem}\n`).join('')}`);
        process.exitCode = 1;
      }
    });
}

async function apply(env: Readonly<Record<string, string | undefined>>, file: string): Promise<void> {
  const { config, warnings } = readConfig(env);
  for (const warning of warnings) process.stderr.write(`Warning: ${warning}\n`);
  const backend = await openBackend(config, { log: pino({ level: 'warn' }, pino.destination(2)) });
  if (backend.createdDatabase) process.stderr.write(`Made a new database in DATA_DIR (${resolve(config.dataDir)}).\n`);
  try {
    await ensureDefaultTenant(backend.deps);
    const applied = await applyFile(backend.deps, file);
    for (const warning of applied.warnings) process.stderr.write(`Warning: ${warning}\n`);
    for (const thing of applied.created) process.stdout.write(`created    ${thing}\n`);
    for (const thing of applied.updated) process.stdout.write(`updated    ${thing}\n`);
    const { tenant, created, updated, unchanged } = applied;
    process.stdout.write(
      `Applied to tenant ${tenant}: ${created.length} created, ${updated.length} updated, ${unchanged} unchanged.\n`,
    );
  } finally {
    await backend.close();
  }
}
