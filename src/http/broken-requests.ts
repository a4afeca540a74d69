// What Node's parser refuses before there is a request: answered by hand, with the headers of every answer.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { headersWithoutRequest } from './headers.ts';

const refusals: Readonly<Record<string, { status: number; description: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, description: 'The header of the request is too large.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, description: 'The request took too long.' },
};

const notHttp = { status: 400, description: 'The request is not HTTP as it is understood here.' };

/** Fastify's clientErrorHandler. `isHttps`: how people reach this server. The connection ends with the answer. */
export function answerBrokenRequests(isHttps: boolean) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    if (socket.writable) {
      const { status, description } = refusals[error.code ?? ''] ?? notHttp;
      const body = JSON.stringify({ error: 'invalid_request', error_description: description });
      const headers = {
        ...headersWithoutRequest(isHttps),
        'content-type': 'application/json; charset=utf-8',
        'content-length': String(Buffer.byteLength(body)),
        connection: 'close',
      };
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
      socket.write([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'));
    }
    socket.destroy(error);
  };
}
