// One question to a Postgres socket: does it take connections?
import { connect } from 'node:net';
import { join } from 'node:path';

/** `busy`: it is starting up, shutting down or overloaded. `gone`: nobody listens. */
export type Answer = 'ready' | 'busy' | 'gone';

/** The file name that Postgres gives its socket; the port in it is Postgres' default. */
export const SOCKET_NAME = '.s.PGSQL.5432';

const CANNOT_CONNECT_NOW = '57P03';
const PATIENCE_MS = 2000;

/** Asks the Postgres whose socket lies in `directory`. Throws when the socket may not be used by this user. */
export function probe(directory: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(join(directory, SOCKET_NAME));
    let received = Buffer.alloc(0);
    const settle = (answer: Answer) => {
      socket.end(TERMINATE);
      socket.destroySoon();
      resolve(answer);
    };
    socket.setTimeout(PATIENCE_MS, () => settle('busy'));
    socket.on('connect', () => socket.write(STARTUP));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const answer = read(received);
      if (answer) settle(answer);
    });
    socket.on('end', () => settle('busy'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES') {
        reject(
          new Error(`The socket in ${directory} belongs to another user: run this as the user that runs Signet`, {
            cause: error,
          }),
        );
      } else {
        resolve(error.code === 'ENOENT' || error.code === 'ECONNREFUSED' ? 'gone' : 'busy');
      }
    });
  });
}

// PostgreSQL protocol 3.0, "Message Formats": StartupMessage and Terminate.
const STARTUP = startup('user\0postgres\0database\0postgres\0\0');
const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4]);

function startup(parameters: string): Buffer {
  const message = Buffer.alloc(8 + parameters.length);
  message.writeInt32BE(message.length, 0);
  message.writeInt32BE(196_608, 4);
  message.write(parameters, 8, 'latin1');
  return message;
}

// Any complete answer but "cannot connect now" shows a cluster that is up, even one that has no slot left for us.
function read(received: Buffer): Answer | undefined {
  if (received.length < 5 || received.length < 1 + received.readInt32BE(1)) return undefined;
  const isError = received[0] === 0x45;
  return isError && received.includes(`\0C${CANNOT_CONNECT_NOW}\0`) ? 'busy' : 'ready';
}
