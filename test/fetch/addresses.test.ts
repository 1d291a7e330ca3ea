import { forbidden } from '../../runtime/src/fetch/addresses';

describe('addresses that a download may connect to', () => {
  it.each(['93.184.216.34', '8.8.8.8', '2606:2800:220:1:248:1893:25c8:1946', '::ffff:8.8.8.8', '64:ff9b::808:808'])(
    '%s: yes',
    (address) => {
      expect(forbidden(address, false)).toBeUndefined();
    },
  );

  it.each([
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '192.0.2.1',
    '::1',
    'fc00::1',
    'fd12:3456::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
    '2001:db8::1',
  ])('%s: only where private addresses are allowed', (address) => {
    expect(forbidden(address, false)).toMatch(/private/);
    expect(forbidden(address, true)).toBeUndefined();
  });

  it.each([
    '0.0.0.0',
    '169.254.169.254',
    '100.100.100.200',
    '168.63.129.16',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    'fe80::1',
    'fd00:ec2::254',
    'ff02::1',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::169.254.169.254',
    '2002:a9fe:a9fe::1',
  ])('%s: never', (address) => {
    expect(forbidden(address, true)).toMatch(/metadata, link-local or multicast/);
  });
});
