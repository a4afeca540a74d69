// For HEALTHCHECK in a container: ends with 0 when the server of these settings answers that it is alive, else with 1.
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { readConfig } from '../src/config/read.ts';

const { config } = readConfig(process.env);
const host = ['0.0.0.0', 'localhost'].includes(config.host) ? '127.0.0.1' : config.host === '::' ? '::1' : config.host;
const request = config.tls ? secure : plain;
// The certificate is for the public name, and this is the same machine.
request({ host, port: config.port, path: '/live', timeout: 4000, rejectUnauthorized: false }, (answer) => {
  process.exit(answer.statusCode === 200 ? 0 : 1);
})
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1))
  .end();
