// What Node's parser refuses before there is a request: answered by hand, with the headers of every answer.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { negotiateLocale } from '../texts/messages.ts';
import { headersOfPage, headersWithoutRequest } from './headers.ts';
import { stylesheetFile } from './pages/page.ts';
import { type ErrorModel, errorPage } from './pages/views/error.ts';

type Broken = { readonly status: number; readonly description: string; readonly page?: ErrorModel };

const refusals: Readonly<Record<string, Broken>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    description: 'The header of the request is too large.',
    page: {
      code: 'header_too_large',
      kind: 'too_large',
      description: 'The header of the request is too large.',
      next: 'clear_cookies',
    },
  },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, description: 'The request took too long.' },
};

const notHttp: Broken = { status: 400, description: 'The request is not HTTP as it is understood here.' };

/** As Node reports it: with what came of the request. */
type ParserError = NodeJS.ErrnoException & { readonly rawPacket?: unknown };

/**
 * Fastify's clientErrorHandler. `isHttps`: how people reach this server; `mountPath`: where its stylesheet is; undefined: it has no
 * pages. The connection ends with the answer.
 */
export function answerBrokenRequests({ isHttps, mountPath }: { isHttps: boolean; mountPath: string | undefined }) {
  return (error: ParserError, socket: Socket): void => {
    if (error.code === 'ECONNRESET' || socket.destroyed) return;
    if (socket.writable) {
      const broken = refusals[error.code ?? ''] ?? notHttp;
      const head = Buffer.isBuffer(error.rawPacket) ? error.rawPacket.toString('latin1') : '';
      const answer =
        broken.page && mountPath !== undefined && isForPerson(head)
          ? asPage(broken.page, head, mountPath)
          : asJson(broken);
      const headers = {
        ...headersWithoutRequest(isHttps),
        ...answer.headers,
        'content-length': String(Buffer.byteLength(answer.body)),
        connection: 'close',
      };
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
      socket.write(
        [`HTTP/1.1 ${broken.status} ${STATUS_CODES[broken.status]}`, ...lines, '', answer.body].join('\r\n'),
      );
    }
    socket.destroy(error);
  };
}

function asJson({ description }: Broken) {
  return {
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ error: 'invalid_request', error_description: description }),
  };
}

function asPage(model: ErrorModel, head: string, mountPath: string) {
  const page = {
    locale: negotiateLocale(undefined, headerIn(head, 'accept-language')),
    tenantName: 'Signet',
    stylesheet: `${mountPath}/assets/${stylesheetFile.name}`,
  };
  return {
    headers: { ...headersOfPage(), 'content-type': 'text/html; charset=utf-8' },
    body: String(errorPage(page, model)),
  };
}

/** Browsers say what they read before the cookies that are too many. */
function isForPerson(head: string): boolean {
  return headerIn(head, 'accept')?.includes('text/html') === true || headerIn(head, 'sec-fetch-mode') === 'navigate';
}

function headerIn(head: string, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}: *([^\\r\\n]*)`, 'i').exec(head)?.[1];
}
