import { systemClock } from '../../src/clock.ts';
import { dnsDefaults } from '../../src/config.ts';
import { DnsService } from '../../src/dns/service.ts';
import { createLog } from '../../src/log.ts';
import type { Address } from '../../src/record.ts';
import { dnsOptions, fixed } from './zone-words.ts';

// A name server in a process of its own: `node serve.ts PORT NAME=ADDRESS,ADDRESS…`.

const [port, ...names] = process.argv.slice(2);
const listen = [{ address: '127.0.0.1' as Address, port: Number(port) }];
const { limits } = dnsDefaults;
const service = new DnsService({
  options: dnsOptions({ listen, limits }),
  threads: 1,
  // With the one that was started before it on the same port.
  shares: true,
  known: () =>
    names.map((argument) => {
      const [name = '', addresses = ''] = argument.split('=');
      return fixed(name, ...addresses.split(','));
    }),
  clock: systemClock,
  log: createLog('warn'),
});
await service.start();
console.log('ready');
process.on('SIGTERM', () => void service.stop().then(() => process.exit()));
setInterval(() => {}, 1_000_000);
