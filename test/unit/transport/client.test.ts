import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { networkOf, rateLimitKeyOf } from '../../../src/transport/client.ts';

describe('the network of an address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:3:4:192.0.2.1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b::/64'],
    ['::1', '::/64'],
    ['::', '::/64'],
    ['fe80::1:2:3:4', 'fe80::/64'],
  ])('%s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test.each(['::ffff:192.0.2.1', '::FFFF:192.0.2.1', '::ffff:c000:201', '0:0:0:0:0:ffff:192.0.2.1', '::ffff:192.0.2.1%eth0'])(
    'of an IPv4-mapped address is the IPv4 address: %s',
    (address) => {
      expect(networkOf(address)).toBe('192.0.2.1');
    },
  );

  test.each(['fe80::1%eth0', 'fe80::2%eth0.100', 'fe80::3%en-0', 'fe80::4%1', 'fe80:0:0:0:1:2:3:4%eth0'])(
    'does not depend on the zone id: %s',
    (address) => {
      expect(networkOf(address)).toBe('fe80::/64');
    },
  );

  // Node reports none of these, so it only matters that they are not confused with an address.
  test.each([
    'unknown',
    '',
    ' ',
    '1.2.3',
    '01.2.3.4',
    '0x7f.1',
    '1.2.3.4.5',
    ':::',
    '1:2:3',
    'fe80::1%',
    '%eth0',
    '[::1]',
    '::1/64',
    'g::',
  ])('of a text that is not an address is the text: %j', (text) => {
    expect(networkOf(text)).toBe(text);
  });

  test('is the same for all ways to write the addresses of a network, and differs between networks', () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    const network = fc.tuple(fc.integer({ min: 1, max: 0xffff }), group, group, group);
    fc.assert(
      fc.property(network, network, fc.tuple(group, group, group, group), (own, other, host) => {
        const long = [...own, ...host].map((each) => each.toString(16).padStart(4, '0').toUpperCase()).join(':');
        const short = new URL(`http://[${long}]`).hostname.slice(1, -1);
        const first = new URL(`http://[${own.map((each) => each.toString(16)).join(':')}::]`).hostname.slice(1, -1);
        expect([networkOf(long), networkOf(short)]).toEqual([`${first}/64`, `${first}/64`]);
        const foreign = [...other, ...host].map((each) => each.toString(16)).join(':');
        expect(networkOf(foreign) === networkOf(long)).toBe(own.join() === other.join());
      }),
    );
  });
});

test('a key has one rate limit, whatever address it is used from', () => {
  const address = '192.0.2.1';
  expect(rateLimitKeyOf({ caller: { keyId: 'k' }, address })).toBe(rateLimitKeyOf({ caller: { keyId: 'k' }, address: '192.0.2.2' }));
  expect(rateLimitKeyOf({ caller: { keyId: '192.0.2.1' }, address })).not.toBe(rateLimitKeyOf({ caller: { keyId: null }, address }));
});

test('requests without a key share the rate limit of their network', () => {
  const keyAt = (address?: string): string => rateLimitKeyOf({ caller: { keyId: null }, ...(address !== undefined && { address }) });
  expect(keyAt('2001:db8:1:2::1')).toBe(keyAt('2001:db8:1:2:ffff::'));
  expect(keyAt('2001:db8:1:2::1')).not.toBe(keyAt('2001:db8:1:3::1'));
  expect(keyAt('::ffff:192.0.2.1')).toBe(keyAt('192.0.2.1'));
  expect(keyAt()).not.toBe(keyAt('192.0.2.1'));
});
