// A load balancer as simple as they come: round robin over the servers whose /ready says yes, no retries, no cleverness.
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';

export type Balancer = {
  readonly port: number;
  /** Resolves when the server at this port gets requests. */
  sendsTo(port: number): Promise<void>;
  /** How many requests were passed on to each port. */
  readonly passedOn: ReadonlyMap<number, number>;
  stop(): Promise<void>;
};

const lookEvery = 50;

/** Listens on `port`; asks each of `backends`, ports at localhost, every 50 ms whether it is ready. */
export async function startBalancer(port: number, backends: readonly number[]): Promise<Balancer> {
  const ready = new Set<number>();
  const passedOn = new Map(backends.map((backend) => [backend, 0]));
  // Connections are kept, as real balancers keep them: a server that ends must say so before it closes one.
  const agent = new Agent({ keepAlive: true });
  const waiting = new Map<number, (() => void)[]>();
  let turn = 0;

  const look = async (backend: number) => {
    const isReady = await fetch(`http://localhost:${backend}/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) ready.add(backend);
    else ready.delete(backend);
    if (isReady) for (const told of waiting.get(backend)?.splice(0) ?? []) told();
  };
  const timer = setInterval(() => backends.forEach((backend) => void look(backend)), lookEvery);

  const passOn = (incoming: IncomingMessage, answer: ServerResponse) => {
    const open = backends.filter((backend) => ready.has(backend));
    const backend = open[turn++ % Math.max(open.length, 1)];
    const fail = () => {
      if (!answer.headersSent) answer.writeHead(502);
      answer.end();
    };
    if (backend === undefined) return fail();
    passedOn.set(backend, passedOn.get(backend)! + 1);
    const { method, url, headers } = incoming;
    const outgoing = request({ host: 'localhost', port: backend, method, path: url, headers, agent }, (reply) => {
      const { connection: _hopByHop, ...rest } = reply.headers;
      answer.writeHead(reply.statusCode ?? 502, rest);
      reply.pipe(answer);
      reply.on('error', fail);
    });
    outgoing.on('error', fail);
    incoming.pipe(outgoing);
  };
  const server = createServer(passOn);
  // It closes no connection of its own accord: a client that was slow to ask would be cut off by it, not by Signet.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve));
  return {
    port,
    passedOn,
    sendsTo: (backend) =>
      new Promise((resolve) => {
        ready.delete(backend);
        waiting.set(backend, [...(waiting.get(backend) ?? []), resolve]);
      }),
    async stop() {
      clearInterval(timer);
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
