// The load: plain sockets, each of which sends its next request when the answer to the last has come.
import { connect, type Socket } from 'node:net';

export type Answer = { readonly status: number; readonly head: string; readonly body: Buffer };

/** What the connections of one window say, and what they make of the answers. */
export type Script = {
  /** The next request of this connection; undefined when nothing is left to send. */
  next(connection: number): string | undefined;
  /** Takes the answer. True: one unit of the row is complete. @throws Error when it is not the right answer. */
  read(connection: number, answer: Answer): boolean;
};

export type Load = {
  readonly completed: number;
  readonly seconds: number;
  /** Milliseconds from the first byte of a unit to its last, in ascending order. */
  readonly latencies: Float64Array;
};

export type Where = { readonly host: string; readonly port: number };

/**
 * Runs the script on so many connections for so long; what is under way at the end is completed and counted. `begun` and
 * `ended` are called right around it, with all connections open.
 */
export async function drive(
  where: Where,
  { connections, milliseconds }: { connections: number; milliseconds: number },
  script: Script,
  around: { begun?: () => void; ended?: () => void } = {},
): Promise<Load> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(where)));
  const latencies: number[] = [];
  try {
    around.begun?.();
    const begun = performance.now();
    const end = begun + milliseconds;
    await Promise.all(sockets.map((socket, connection) => converse(socket, connection, script, end, latencies)));
    const seconds = (performance.now() - begun) / 1000;
    around.ended?.();
    return { completed: latencies.length, seconds, latencies: Float64Array.from(latencies).sort() };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** One request and its answer, on a connection of its own. */
export async function ask(where: Where, request: string): Promise<Answer> {
  let given: Answer | undefined;
  const script: Script = {
    next: () => (given === undefined ? request : undefined),
    read: (_connection, answer) => ((given = answer), true),
  };
  await drive(where, { connections: 1, milliseconds: 60_000 }, script);
  return given!;
}

function open({ host, port }: Where): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
}

function converse(socket: Socket, connection: number, script: Script, end: number, latencies: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    let kept: Buffer | undefined;
    let startedAt = 0;
    let isWithinUnit = false;
    const send = () => {
      if (!isWithinUnit) {
        startedAt = performance.now();
        if (startedAt >= end) return resolve();
      }
      const request = script.next(connection);
      if (request === undefined) return resolve();
      isWithinUnit = true;
      socket.write(request, 'latin1');
    };
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed a connection in the middle')));
    socket.on('data', (chunk: Buffer) => {
      try {
        kept = kept ? Buffer.concat([kept, chunk]) : chunk;
        const answer = parse(kept);
        if (!answer) return;
        kept = undefined;
        if (script.read(connection, answer)) {
          latencies.push(performance.now() - startedAt);
          isWithinUnit = false;
        }
        send();
      } catch (error) {
        reject(error);
      }
    });
    send();
  });
}

/** RFC 9112: one whole answer, or undefined while more must come. Only answers with a length are understood. */
function parse(bytes: Buffer): Answer | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const length = /\r\ncontent-length: (\d+)/i.exec(head);
  if (!length) throw new Error(`an answer without a length:\n${head}`);
  const bodyEnd = headEnd + 4 + Number(length[1]);
  if (bytes.length < bodyEnd) return undefined;
  return { status: Number(head.slice(9, 12)), head, body: bytes.subarray(headEnd + 4, bodyEnd) };
}

/** The value of a header that stands once in the answer. */
export function headerOf(answer: Answer, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}: ([^\\r]*)`, 'i').exec(answer.head)?.[1];
}
