// Spans for OpenTelemetry, by its API alone: whoever loads an SDK before the server gets them, and without one nothing is done.
import {
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import type { RequestInfo, RequestSpan, Tracing } from '../domain/tracing.ts';

/** @returns undefined when no SDK has been loaded: then nothing is traced, at no cost. */
export function openTracing(): Tracing | undefined {
  const tracer = trace.getTracer('signet');
  // Without an SDK a span has no identity. One that never ends is never reported.
  if (!isSpanContextValid(tracer.startSpan('probe', { root: true }).spanContext())) return undefined;
  return {
    request: (asked) => requestSpan(tracer, asked),
    statement: (text, work) => {
      const { operation, summary } = summaryOf(text);
      const attributes = {
        'db.system.name': 'postgresql',
        'db.operation.name': operation,
        'db.query.summary': summary,
        'db.query.text': text,
      };
      return child(tracer, summary, SpanKind.CLIENT, attributes, work);
    },
    passwordHash: (work) => child(tracer, 'password hash', SpanKind.INTERNAL, {}, work),
  };
}

// An outsider who chose the parent would choose whether their requests are sampled, and could put them into a trace of ours.
function requestSpan(tracer: Tracer, { method, route, requestId, headers, viaTrustedProxy }: RequestInfo): RequestSpan {
  const remote = remoteOf(headers);
  const parent = viaTrustedProxy && remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
  const span = tracer.startSpan(
    route === undefined ? method : `${method} ${route}`,
    {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': method,
        ...(route === undefined ? {} : { 'http.route': route }),
        'signet.request_id': requestId,
      },
      links: remote && !viaTrustedProxy ? [{ context: remote }] : [],
    },
    parent,
  );
  const inside = trace.setSpan(parent, span);
  return {
    within: (work) => context.with(inside, work),
    end(status) {
      span.setAttribute('http.response.status_code', status);
      if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

/** Where the caller says that the request comes from, in whatever headers the SDK reads (W3C `traceparent` by default). */
function remoteOf(headers: RequestInfo['headers']): SpanContext | undefined {
  const remote = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, headers));
  return remote && isSpanContextValid(remote) ? remote : undefined;
}

/** Only inside of a request: what the server does by itself, every second, is of no interest. */
async function child<T>(
  tracer: Tracer,
  name: string,
  kind: SpanKind,
  attributes: Record<string, string>,
  work: () => Promise<T>,
): Promise<T> {
  if (!trace.getActiveSpan()) return work();
  const span = tracer.startSpan(name, { kind, attributes });
  try {
    return await work();
  } catch (error) {
    fail(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** The code of an error, never its message: PostgreSQL quotes values there. */
function fail(span: Span, error: unknown): void {
  const { code, name } = error as { code?: unknown; name?: unknown };
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.setAttribute('error.type', typeof code === 'string' ? code : String(name));
}

function summaryOf(text: string): { operation: string; summary: string } {
  const operation = /^\s*(\w+)/.exec(text)?.[1]?.toUpperCase() ?? 'UNKNOWN';
  const table = /\b(?:from|into|update)\s+"?(\w+)/i.exec(text)?.[1];
  return { operation, summary: table === undefined ? operation : `${operation} ${table}` };
}
