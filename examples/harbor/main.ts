// Harbor by itself: ISSUER, CLIENT_ID, CLIENT_SECRET and PORT say how.
import { addressFromEnvironment, runAlone, settingFromEnvironment } from '../web/environment.ts';
import { startHarbor } from './harbor.ts';

await runAlone('Harbor', () =>
  startHarbor({
    issuer: settingFromEnvironment('ISSUER'),
    clientId: settingFromEnvironment('CLIENT_ID'),
    clientSecret: settingFromEnvironment('CLIENT_SECRET'),
    ...addressFromEnvironment(4001),
  }),
);
