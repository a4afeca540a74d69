// A proxy in front of PostgreSQL that understands just enough of its protocol to stop at a chosen statement.
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';

/** `unsent`: PostgreSQL has not seen the statement. `unanswered`: it has done and committed it, and nobody was told. */
export type Moment = 'unsent' | 'unanswered';

export type PostgresProxy = {
  /** A connection string for the same database, through the proxy. */
  readonly url: string;
  /**
   * Stops the next statement whose text matches: nothing more passes on its connection, in either direction.
   * Resolves when it stands there.
   */
  stopAt(moment: Moment, matches: RegExp): Promise<void>;
  /** The texts of all statements that were sent so far, BEGIN and COMMIT included. */
  sent(): readonly string[];
  /** Ends the connections that stand still, for the server as well as for PostgreSQL. */
  cut(): void;
  close(): Promise<void>;
};

type Stop = { readonly moment: Moment; readonly matches: RegExp; arrive(): void };

/** A message of the PostgreSQL wire protocol, version 3. */
type Message = { readonly type: string; readonly body: Buffer };

/** `keepsSettings`: of what a connection starts with, PostgreSQL hears only who wants which database, as behind some poolers. */
export async function startPostgresProxy(
  upstreamUrl: string,
  { keepsSettings = false }: { keepsSettings?: boolean } = {},
): Promise<PostgresProxy> {
  const upstream = new URL(upstreamUrl);
  const host = decodeURIComponent(upstream.hostname);
  const port = upstream.port === '' ? 5432 : Number(upstream.port);
  const sockets = new Set<Socket>();
  const stopped = new Set<Socket>();
  const sent: string[] = [];
  let stop: Stop | undefined;

  const server = createServer((client) => {
    const target = host.startsWith('/') ? connect(join(host, `.s.PGSQL.${port}`)) : connect({ host, port });
    const texts = new Map<string, string>();
    let standing = false;
    let awaited: Stop | undefined;
    const halt = (reached: Stop) => {
      standing = true;
      stopped.add(client).add(target);
      reached.arrive();
    };
    const fromClient = messages(true);
    const fromServer = messages(false);
    let started = !keepsSettings;
    client.on('data', (given: Buffer) => {
      // A start is one message, and nothing else is sent before it was answered.
      const bytes = started ? given : bareStart(given);
      started = true;
      for (const { type, body } of fromClient(bytes)) {
        const [first = '', second = ''] = body.toString('latin1').split('\0');
        if (type === 'P') texts.set(first, second);
        if (type === 'Q') sent.push(first);
        if (type === 'B') sent.push(texts.get(second) ?? '');
        // Parse names a statement first, Bind a portal and then its statement.
        if (type !== 'B' || !stop?.matches.test(texts.get(second) ?? '')) continue;
        const reached = stop;
        stop = undefined;
        if (reached.moment === 'unsent') halt(reached);
        else awaited = reached;
      }
      if (!standing) target.write(bytes);
    });
    target.on('data', (bytes: Buffer) => {
      // ReadyForQuery comes after the commit.
      const isDone = fromServer(bytes).some(({ type }) => type === 'Z');
      if (awaited && isDone) halt(awaited);
      if (!standing && !awaited) client.write(bytes);
    });
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: ownPort } = server.address() as { port: number };
  const login = upstream.password === '' ? upstream.username : `${upstream.username}:${upstream.password}`;

  return {
    url: `postgres://${login}@127.0.0.1:${ownPort}${upstream.pathname}`,
    stopAt(moment, matches) {
      const { promise, resolve } = Promise.withResolvers<void>();
      stop = { moment, matches, arrive: resolve };
      return promise;
    },
    sent: () => sent,
    cut() {
      for (const socket of stopped) socket.destroy();
      stopped.clear();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The same start with user and database alone. */
function bareStart(start: Buffer): Buffer {
  const words = start.subarray(8).toString('utf8').split('\0');
  const kept: string[] = [];
  for (let at = 0; at + 1 < words.length; at += 2)
    if (['user', 'database'].includes(words[at]!)) kept.push(`${words[at]!}\0${words[at + 1]!}\0`);
  const body = Buffer.from(`${kept.join('')}\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + body.length);
  start.copy(head, 4, 4, 8);
  return Buffer.concat([head, body]);
}

/** Cuts a stream into messages. The first one of a client has no type. */
function messages(isClient: boolean): (bytes: Buffer) => Message[] {
  let rest = Buffer.alloc(0);
  let untyped = isClient;
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const found: Message[] = [];
    for (;;) {
      const head = untyped ? 0 : 1;
      if (rest.length < head + 4) return found;
      const end = head + rest.readInt32BE(head);
      if (rest.length < end) return found;
      found.push({ type: untyped ? '' : String.fromCharCode(rest[0]!), body: rest.subarray(head + 4, end) });
      rest = rest.subarray(end);
      untyped = false;
    }
  };
}
