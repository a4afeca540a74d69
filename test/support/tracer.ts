// As little of an OpenTelemetry SDK as its API asks for: spans are kept, contexts follow promises, traceparent is read.
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import {
  type Attributes,
  type Context,
  context,
  type ContextManager,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type SpanKind,
  type SpanStatus,
  type TextMapPropagator,
  trace,
  type Tracer,
} from '@opentelemetry/api';

export type SeenSpan = {
  readonly name: string;
  readonly kind: SpanKind | undefined;
  readonly spanContext: SpanContext;
  readonly parentId: string | undefined;
  readonly links: readonly Link[];
  readonly attributes: Attributes;
  status: SpanStatus | undefined;
  hasEnded: boolean;
};

/** Registers it for this process. @returns the spans, in the order in which they began. */
export function registerTracer(): SeenSpan[] {
  const seen: SeenSpan[] = [];
  const tracer = tracerInto(seen);
  context.setGlobalContextManager(contextManager());
  propagation.setGlobalPropagator(traceparentPropagator);
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
  return seen;
}

function tracerInto(seen: SeenSpan[]): Tracer {
  const startSpan: Tracer['startSpan'] = (name, options = {}, parentContext = context.active()) => {
    const parent = options.root ? undefined : trace.getSpanContext(parentContext);
    const record: SeenSpan = {
      name,
      kind: options.kind,
      spanContext: {
        traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
        spanId: randomBytes(8).toString('hex'),
        traceFlags: parent?.traceFlags ?? 1,
      },
      parentId: parent?.spanId,
      links: options.links ?? [],
      attributes: { ...options.attributes },
      status: undefined,
      hasEnded: false,
    };
    seen.push(record);
    return spanOf(record);
  };
  return {
    startSpan,
    startActiveSpan: () => {
      throw new Error('not needed yet');
    },
  };
}

function spanOf(record: SeenSpan): Span {
  const span: Span = {
    spanContext: () => record.spanContext,
    setAttribute: (name, value) => ((record.attributes[name] = value), span),
    setAttributes: (attributes) => (Object.assign(record.attributes, attributes), span),
    addEvent: () => span,
    addLink: () => span,
    addLinks: () => span,
    setStatus: (status) => ((record.status = status), span),
    updateName: () => span,
    end: () => {
      record.hasEnded = true;
    },
    isRecording: () => !record.hasEnded,
    recordException: () => {
      throw new Error('an exception has a message, and that may hold anything');
    },
  };
  return span;
}

function contextManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, work, thisArg, ...args) => storage.run(active, () => work.apply(thisArg as never, args)),
    bind: (_context, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

/** W3C Trace Context 3.2. */
const traceparentPropagator: TextMapPropagator = {
  fields: () => ['traceparent'],
  inject: () => {},
  extract(into, carrier: Record<string, unknown>) {
    const [, traceId, spanId, flags] =
      /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(String(carrier['traceparent'])) ?? [];
    if (traceId === undefined) return into;
    const remote = { traceId, spanId: spanId!, traceFlags: Number.parseInt(flags!, 16), isRemote: true };
    return trace.setSpanContext(into, remote);
  },
};
