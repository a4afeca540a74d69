// Orchard by itself: ISSUER, CLIENT_ID and PORT say how.
import { addressFromEnvironment, runAlone, settingFromEnvironment } from '../web/environment.ts';
import { startOrchard } from './orchard.ts';

await runAlone('Orchard', () =>
  startOrchard({
    issuer: settingFromEnvironment('ISSUER'),
    clientId: settingFromEnvironment('CLIENT_ID'),
    ...addressFromEnvironment(4003),
  }),
);
