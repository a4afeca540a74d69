// Commands listen to nothing: they need no certificate and no proxy, and run where the key of the certificate cannot be read.
import { expect, test, vi } from 'vitest';
import { type ConfigError, readCommandConfig, readConfig } from '../../src/config/read.ts';
import { commandLine, resultOf, settingsOf } from '../support/command-line.ts';
import { startSignet } from '../support/signet.ts';

vi.setConfig({ testTimeout: 120_000 });

test('with an https PUBLIC_URL and nothing that speaks TLS, or a key that is not there, a command runs', async () => {
  const signet = await startSignet({ config: { publicUrl: 'https://id.example.com', trustProxy: ['127.0.0.1'] } });
  try {
    const settings = { ...settingsOf(signet), PUBLIC_URL: 'https://id.example.com', PASSWORD_HASH_MEMORY_KIB: '19456' };
    const listener = { TLS_CERT: '/nowhere/crt', TLS_KEY: '/nowhere/key', TRUST_PROXY: 'nobody', METRICS_PORT: 'x' };
    for (const env of [settings, { ...settings, ...listener }])
      expect(await resultOf<object[]>(commandLine(env), ['keys', 'rotate', '--now', '--alg', 'ES256'])).toHaveLength(1);
  } finally {
    await signet.stop();
  }
});

test('the server needs them, and a command still hears of every other mistake', () => {
  const env = { PUBLIC_URL: 'https://id.example.com', TLS_CERT: '/nowhere/crt' };
  expect(() => readConfig({ PUBLIC_URL: env.PUBLIC_URL })).toThrow('nothing here speaks TLS');
  expect(() => readConfig(env)).toThrow('TLS_CERT');
  expect(readCommandConfig(env).config).toMatchObject({ publicUrl: 'https://id.example.com', trustProxy: [] });
  expect(() => readCommandConfig({ ...env, LOG_LEVEL: 'loud', DATABASE_URL: 'postgres://localhost/x' })).toThrow(
    expect.objectContaining({
      problems: [expect.stringMatching(/^LOG_LEVEL/), expect.stringMatching(/^SECRET_KEY is required/)],
    }) as ConfigError,
  );
});
