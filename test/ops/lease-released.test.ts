// A process that ends gives its lease back: the one after it does not wait until it has run out.
import { expect, test } from 'vitest';
import { query } from '../support/database.ts';
import { startSignet } from '../support/signet.ts';

test('the lease of maintenance is gone with the process that held it, and that of another one stays', async () => {
  const signet = await startSignet();
  try {
    const holders = () =>
      query<{ name: string; holder: string }>(signet.database.url, 'SELECT name, holder FROM leases');
    await signet.server.settled();
    const [held] = await holders();
    expect(held).toMatchObject({ name: 'maintenance' });
    const beside = await startSignet({ beside: signet });
    await beside.server.settled();
    await beside.stop();
    expect(await holders(), 'of the process that goes on').toEqual([held]);
    await signet.server.stop(0);
    expect(await holders()).toEqual([]);
    const next = await startSignet({ beside: signet });
    await next.server.settled();
    expect(await holders()).toEqual([{ name: 'maintenance', holder: expect.not.stringMatching(held!.holder) }]);
    await next.stop();
  } finally {
    await signet.stop();
  }
});
