// Without an OpenTelemetry SDK nothing is traced, and nothing stands in the way of a request.
import { expect, test } from 'vitest';
import { openTracing } from '../../src/telemetry/tracing.ts';
import { registerTracer } from '../support/tracer.ts';

test('there is no tracing until an SDK has been loaded', () => {
  expect(openTracing()).toBeUndefined();
  registerTracer();
  expect(openTracing()).toBeDefined();
});
