// The whole demo in one process: Signet on a PostgreSQL of its own, four applications and two services at other origins.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config/read.ts';
import { startServer } from '../../src/start/server.ts';
import { startDepot } from '../depot/depot.ts';
import { startCrates, startGoods } from '../depot/services.ts';
import { startHarbor } from '../harbor/harbor.ts';
import { startLedger } from '../ledger/ledger.ts';
import { startOrchard } from '../orchard/orchard.ts';
import { type Addresses, demoWorld } from './world.ts';

export type Demo = {
  readonly addresses: Addresses;
  /** Resolves, with what happened, when PostgreSQL ended by itself. */
  readonly lost: Promise<string>;
  /** Ends everything and removes the data. */
  stop(): Promise<void>;
};

/** Hosts that browsers take to this machine; other hosts than Signet's, so that no cookie is shared. */
export function addressesFrom(port: number): Addresses {
  return {
    signet: `http://localhost:${port}`,
    harbor: `http://harbor.localhost:${port + 1}`,
    ledger: `http://ledger.localhost:${port + 2}`,
    orchard: `http://orchard.localhost:${port + 3}`,
    depot: `http://depot.localhost:${port + 4}`,
    goods: `http://goods.localhost:${port + 5}`,
    crates: `http://crates.localhost:${port + 6}`,
  };
}

/** Starts it on `port` and the six after it. @throws Error that names the ports that are taken. */
export async function startDemo(port: number): Promise<Demo> {
  const addresses = addressesFrom(port);
  const { signet: issuer, harbor, ledger, orchard, depot } = addresses;
  // Programs find the services at localhost; only browsers know the other names.
  const [goods, crates] = [port + 5, port + 6].map((one) => ({ url: `http://localhost:${one}`, port: one }));
  await demandFree(addresses);
  const secrets = { harbor: newSecret(), ledger: newSecret(), depot: newSecret(), goods: newSecret() };

  await using starting = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'signet-demo-'));
  starting.defer(() => rm(directory, { recursive: true, force: true }));
  const provision = join(directory, 'provision.json');
  await writeFile(provision, JSON.stringify(demoWorld(addresses, secrets)), { mode: 0o600 });
  const { config } = readConfig({
    PORT: String(port),
    DATA_DIR: directory,
    PROVISION: provision,
    LOG_LEVEL: 'error',
  });
  const server = await startServer(config);
  starting.defer(() => server.stop(0));

  for (const start of [
    () => startHarbor({ issuer, clientId: 'harbor', clientSecret: secrets.harbor, url: harbor, port: port + 1 }),
    () => startLedger({ issuer, clientId: 'ledger', clientSecret: secrets.ledger, url: ledger, port: port + 2 }),
    () => startOrchard({ issuer, clientId: 'orchard', url: orchard, port: port + 3 }),
    () => startCrates({ issuer, ...crates! }),
    () => startGoods({ issuer, clientId: 'goods', clientSecret: secrets.goods, ...goods!, crates: crates!.url }),
    () =>
      startDepot({
        issuer,
        clientId: 'depot',
        clientSecret: secrets.depot,
        url: depot,
        port: port + 4,
        goods: goods!.url,
      }),
  ]) {
    const application = await start();
    starting.defer(() => application.stop());
  }
  const running = starting.move();
  return { addresses, lost: server.lost, stop: () => running.disposeAsync() };
}

async function demandFree(addresses: Addresses): Promise<void> {
  const taken: string[] = [];
  for (const [name, address] of Object.entries(addresses)) {
    const { port } = new URL(address);
    if (!(await isFree(Number(port)))) taken.push(`port ${port}, which ${name} needs`);
  }
  if (taken.length === 0) return;
  throw new Error(
    `taken: ${taken.join('; ')}. Stop what listens there, or name the first of seven free ports in a row: PORT=5000 npm run demo`,
  );
}

function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen({ host: 'localhost', port }, () => probe.close(() => resolve(true)));
  });
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}
