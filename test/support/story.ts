// Where a story of the use cases plays: two Signets on one database behind a load balancer, and a service of another origin that checks tokens alone.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../../src/config/read.ts';
import type { ProvisioningFile } from '../../src/flows/provision/file-schema.ts';
import { freePort } from '../../src/testing/start.ts';
import { type ExpressRequest, requireToken } from '../../src/verifier/express.ts';
import { createVerifier, type Needs, type VerifiedToken } from '../../src/verifier/verifier.ts';
import { startBalancer } from './balancer.ts';
import { startSignet, type TestClock, type TestSignet } from './signet.ts';

/** What a path of the service needs, and what it answers. */
export type Served = { readonly needs?: Needs; readonly answer: (token: VerifiedToken) => object };

export type StoryOptions = {
  readonly provision: ProvisioningFile;
  readonly config?: Partial<Config>;
  /** What the service's tokens must be for: the issuer unless given. */
  readonly audience?: string;
  /** By path. */
  readonly serves: Readonly<Record<string, Served>>;
};

export type Story = {
  /** The balancer's address: whoever asks there gets to one server or the other, by turns. */
  readonly issuer: string;
  /** One of the two, at the balancer's address. */
  readonly signet: TestSignet;
  readonly clock: TestClock;
  /** `http://127.0.0.1:PORT`. */
  readonly service: string;
  /** The challenge of the service for a token that is no good (RFC 6750 3). */
  challenge(description: string, error?: string): string;
  /** `work`. @throws Error when not every second request of it came to the other server. */
  byTurns<T>(work: () => Promise<T>): Promise<T>;
  /** `work`, which is one request, at one server and then at the other. */
  atBoth(work: () => unknown): Promise<void>;
  stop(): Promise<void>;
};

/** Starts all of it. The service has the keys already. */
export async function startStory({ provision, config, audience, serves }: StoryOptions): Promise<Story> {
  await using starting = new AsyncDisposableStack();
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const signet = await startSignet({ provision, config: { ...config, publicUrl: issuer } });
  starting.defer(() => signet.stop());
  const other = await startSignet({ beside: signet, ...(config && { config }) });
  starting.defer(() => other.stop());
  const ports = [signet, other].map((one) => one.config.port);
  const balancer = await startBalancer(port, ports);
  starting.defer(() => balancer.stop());
  await Promise.all(ports.map((one) => balancer.sendsTo(one)));

  const realm = audience ?? issuer;
  const verifier = createVerifier({
    issuer,
    audience: realm,
    now: () => signet.clock.now,
    // It takes no turn at the balancer, so that what the story asks there goes to the servers one after the other.
    fetch: (input, init) => fetch(new Request(input).url.replace(issuer, signet.server.url), init),
  });
  await verifier.prime();
  const served = new Map(
    Object.entries(serves).map(([path, { needs, answer }]) => [path, { check: requireToken(verifier, needs), answer }]),
  );
  const server = createServer((request, response) => {
    const found = served.get(request.url!);
    if (!found) return response.writeHead(404).end();
    const asked: ExpressRequest = request;
    return void found.check(asked, response, () => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found.answer(asked.token!)));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  starting.defer(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function byTurns<T>(work: () => Promise<T>): Promise<T> {
    const before = new Map(balancer.passedOn);
    const done = await work();
    const [one, two] = ports.map((each) => balancer.passedOn.get(each)! - before.get(each)!) as [number, number];
    if (Math.min(one, two) === 0 || Math.abs(one - two) > 1)
      throw new Error(`${one} requests came to one server, ${two} to the other`);
    return done;
  }

  const running = starting.move();
  return {
    issuer,
    signet,
    clock: signet.clock,
    service: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    challenge: (description, error = 'invalid_token') =>
      `Bearer realm="${realm}", error="${error}", error_description="${description}"`,
    byTurns,
    atBoth: (work) =>
      byTurns(async () => {
        await work();
        await work();
      }),
    stop: () => running.disposeAsync(),
  };
}
