// Where a story of the use cases plays: two Signets on one database behind a load balancer, and a service of another origin that checks tokens alone.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../../src/config/read.ts';
import type { ProvisioningFile } from '../../src/flows/provision/file-schema.ts';
import { freePort } from '../../src/testing/start.ts';
import { type ExpressRequest, requireToken } from '../../src/verifier/express.ts';
import { bearerToken, createVerifier, type Needs, type VerifiedToken } from '../../src/verifier/verifier.ts';
import { startBalancer } from './balancer.ts';
import { startSignet, type TestClock, type TestSignet } from './signet.ts';

/** What a path of the service needs, and what it answers. */
export type Served = {
  readonly needs?: Needs;
  /** `sent`: the token as it came. */
  readonly answer: (token: VerifiedToken, sent: string) => object | Promise<object>;
};

export type ServiceOptions = {
  /** What the service's tokens must be for: the issuer unless given. */
  readonly audience?: string | undefined;
  /** By path. */
  readonly serves: Readonly<Record<string, Served>>;
  /** How it asks Signet; addresses are of one of the two servers. */
  readonly fetch?: typeof fetch;
};

export type StoryOptions = ServiceOptions & {
  readonly provision: ProvisioningFile;
  readonly config?: Partial<Config>;
};

export type StoryService = {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** How often it asked Signet for anything. */
  readonly asked: () => number;
};

export type Story = {
  /** The balancer's address: whoever asks there gets to one server or the other, by turns. */
  readonly issuer: string;
  /** One of the two, at the balancer's address. */
  readonly signet: TestSignet;
  /** The address of the other one. */
  readonly other: string;
  readonly clock: TestClock;
  /** `http://127.0.0.1:PORT`. */
  readonly service: string;
  /** Starts another service of another origin, which has the keys already; it ends with the story. */
  startService(options: ServiceOptions): Promise<StoryService>;
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
  let stopping: AsyncDisposableStack = starting;
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
  // It takes no turn at the balancer, so that what the story asks there goes to the servers one after the other.
  const directly = (input: string | URL | Request) => new Request(input).url.replace(issuer, signet.server.url);
  const startService = async (options: ServiceOptions): Promise<StoryService> => {
    const service = await serviceAt({ issuer, clock: signet.clock, directly }, options);
    stopping.defer(() => service.stop());
    return service;
  };
  const service = await startService({ audience, serves });

  async function byTurns<T>(work: () => Promise<T>): Promise<T> {
    const before = new Map(balancer.passedOn);
    const done = await work();
    const [one, two] = ports.map((each) => balancer.passedOn.get(each)! - before.get(each)!) as [number, number];
    if (Math.min(one, two) === 0 || Math.abs(one - two) > 1)
      throw new Error(`${one} requests came to one server, ${two} to the other`);
    return done;
  }

  const running = starting.move();
  stopping = running;
  return {
    issuer,
    signet,
    other: other.server.url,
    clock: signet.clock,
    service: service.origin,
    startService,
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

/** A service that checks tokens by itself. */
async function serviceAt(
  {
    issuer,
    clock,
    directly,
  }: {
    readonly issuer: string;
    readonly clock: TestClock;
    readonly directly: (address: string | URL | Request) => string;
  },
  { audience = issuer, serves, fetch: ask = fetch }: ServiceOptions,
): Promise<StoryService & { stop(): Promise<void> }> {
  let asked = 0;
  const verifier = createVerifier({
    issuer,
    audience,
    now: () => clock.now,
    fetch: (input, init) => {
      asked += 1;
      return ask(directly(input), init);
    },
  });
  await verifier.prime();
  const served = new Map(
    Object.entries(serves).map(([path, { needs, answer }]) => [path, { check: requireToken(verifier, needs), answer }]),
  );
  const server = createServer((request, response) => {
    const found = served.get(request.url!);
    if (!found) return response.writeHead(404).end();
    const given: ExpressRequest = request;
    return void found.check(given, response, () => {
      const sent = bearerToken(request.headers.authorization)!;
      void Promise.resolve(found.answer(given.token!, sent)).then(
        (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
        () => response.writeHead(502).end(),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
