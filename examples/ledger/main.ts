// Ledger by itself: ISSUER, CLIENT_ID, CLIENT_SECRET and PORT say how.
import { addressFromEnvironment, runAlone, settingFromEnvironment } from '../web/environment.ts';
import { startLedger } from './ledger.ts';

await runAlone('Ledger', () =>
  startLedger({
    issuer: settingFromEnvironment('ISSUER'),
    clientId: settingFromEnvironment('CLIENT_ID'),
    clientSecret: settingFromEnvironment('CLIENT_SECRET'),
    ...addressFromEnvironment(4002),
  }),
);
