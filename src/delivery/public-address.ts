// Which IP addresses lead out into the internet: none of this machine, of its network, or set aside for something else.
import { BlockList, isIP } from 'node:net';

/** RFC 6890 and the registries of IANA that follow it; 168.63.129.16 is where Azure answers its machines. */
const notPublic4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** Inside of 2000::/3, outside of which nothing is public: Teredo and its neighbours, documentation, 6to4. */
const notPublic6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const blocked4 = listOf(notPublic4, 'ipv4');
const blocked6 = listOf(notPublic6, 'ipv6');
const unicast6 = listOf(['2000::/3'], 'ipv6');
const mapped6 = listOf(['::ffff:0:0/96'], 'ipv6');

/** True for what is a public unicast address; an IPv4 address in IPv6 notation is judged as IPv4. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !blocked4.check(address, 'ipv4');
  // A zone names an interface of this machine.
  if (isIP(address) !== 6 || address.includes('%')) return false;
  if (mapped6.check(address, 'ipv6')) return !blocked4.check(mappedIn(address), 'ipv4');
  return unicast6.check(address, 'ipv6') && !blocked6.check(address, 'ipv6');
}

/** The IPv4 address in `::ffff:a.b.c.d`, however it is written. */
function mappedIn(address: string): string {
  const [high, low] = new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split(':')
    .slice(-2)
    .map((part) => Number.parseInt(part, 16)) as [number, number];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function listOf(ranges: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address, bits] = range.split('/') as [string, string];
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}
