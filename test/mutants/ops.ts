// Removals in what operators are shown: metrics and traces.
import type { Mutant } from './mutant.ts';

const listener = 'test/ops/metrics-listener.test.ts';
const tracing = 'test/ops/tracing.test.ts';
const requestLog = 'test/ops/request-log.test.ts';

export const opsMutants: readonly Mutant[] = [
  {
    name: 'documents that are refused are not in the log either',
    file: 'src/http/request-log.ts',
    remove: ' && reply.statusCode < 400',
    insert: '',
    test: requestLog,
    title: 'the same refused have one',
  },
  {
    name: 'metrics name the address that was asked for',
    file: 'src/http/request-metrics.ts',
    remove: 'request.routeOptions.url',
    insert: 'request.url',
    test: listener,
    title: 'nothing of the person',
  },
  {
    name: 'callers choose how many series there are',
    file: 'src/telemetry/metrics.ts',
    remove: `knownMethods.has(method) ? method : 'other'`,
    insert: 'method',
    test: listener,
    title: 'unknown methods',
  },
  {
    name: 'an outsider chooses the parent of a trace',
    file: 'src/http/request-tracing.ts',
    remove: '(request.ips?.length ?? 0) > 1',
    insert: 'true',
    test: tracing,
    title: 'traceparent',
  },
  {
    name: 'spans tell the words of an error',
    file: 'src/telemetry/tracing.ts',
    remove: `typeof code === 'string' ? code : String(name)`,
    insert: `String((error as Error).message)`,
    test: tracing,
    title: 'that fails is an error',
  },
  {
    name: 'spans tell the values of a statement',
    file: 'src/storage/database.ts',
    remove: 'options.trace(statement.text, query)',
    insert: 'options.trace(statement.text + JSON.stringify(values), query)',
    test: tracing,
    title: 'no span holds a value',
  },
];
