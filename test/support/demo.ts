// A Signet with tidy demo data and a clock that stands still, for pictures of its pages.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jane } from '../../examples/demo/world.ts';
import { applyProvisioning } from '../../src/flows/provision/apply.ts';
import type { ProvisioningFile } from '../../src/flows/provision/file-schema.ts';
import { startServer } from '../../src/start/server.ts';

export type DemoClient = { readonly client_id: string; readonly redirect_uris: readonly [string] };

const client = (id: string, name: string): DemoClient & NonNullable<ProvisioningFile['clients']>[number] => ({
  client_id: id,
  client_name: name,
  client_secret: 'a-secret-that-has-at-least-32-characters',
  client_uri: `https://${id}.example`,
  policy_uri: `https://${id}.example/privacy`,
  tos_uri: `https://${id}.example/terms`,
  redirect_uris: [`https://${id}.example/callback`],
});

export const orchard = client('orchard', 'Orchard');
export const harbor = client('harbor', 'Harbor');
export const ledger = client('ledger', 'Ledger');

const acme: ProvisioningFile = {
  tenant: { slug: 'default', name: 'Acme' },
  clients: [
    {
      ...orchard,
      scope: 'openid profile email offline_access harvest:read harvest:write',
      redirect_uris: [...orchard.redirect_uris],
    },
    { ...harbor, redirect_uris: [...harbor.redirect_uris] },
    { ...ledger, redirect_uris: [...ledger.redirect_uris] },
  ],
  resources: [
    {
      identifier: 'https://api.orchard.example',
      name: 'Orchard API',
      scopes: [
        { name: 'harvest:read', description: 'See what has been harvested' },
        { name: 'harvest:write', description: 'Record harvests in your name' },
      ],
    },
  ],
  users: [
    { ...jane, email: 'jane.doe@acme.example', email_verified: true, name: 'Jane Doe' },
    { username: 'root', password: 'the administrator of the demo', email: 'root@acme.example', admin_roles: ['owner'] },
  ],
};

export type Demo = {
  readonly issuer: string;
  readonly setupUrl: string | undefined;
  readonly clock: { now: number };
  stop(): Promise<void>;
};

/** Starts it on a database of its own. It believes what an `X-Forwarded-For` from this machine says. */
export async function startDemo(port: number): Promise<Demo> {
  const dataDir = await mkdtemp(join(tmpdir(), 'signet-demo-'));
  const clock = { now: Date.UTC(2026, 8, 14, 7, 42) };
  const issuer = `http://localhost:${port}`;
  const server = await startServer(
    {
      publicUrl: issuer,
      host: 'localhost',
      port,
      databasePoolSize: 5,
      preparedStatements: true,
      dataDir,
      secretKeys: [randomBytes(32)],
      trustProxy: ['127.0.0.1', '::1'],
      logLevel: 'silent',
      passwordHash: { memoryKiB: 256, iterations: 2, parallelism: 1, concurrency: 2, queue: 64 },
      drainSeconds: 0,
    },
    { clock: () => clock.now },
  );
  await applyProvisioning(server.deps, { file: acme, position: (path) => path.join('.') });
  return {
    issuer,
    setupUrl: server.setupUrl,
    clock,
    async stop() {
      await server.stop(0);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
