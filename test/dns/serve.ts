import { systemClock } from '../../src/clock.ts';
import { DnsService } from '../../src/dns/service.ts';
import { createLog } from '../../src/log.ts';
import type { Address } from '../../src/record.ts';
import { dnsOptions, fixed } from './zone-words.ts';

// A name server in a process of its own, for resolvers that ask port 53 only: `node serve.ts NAME=ADDRESS,ADDRESS…`.

const listen = [{ address: '127.0.0.1' as Address, port: 53 }];
const service = new DnsService({
  options: dnsOptions({ listen }),
  threads: 1,
  clock: systemClock,
  log: createLog('warn'),
});
service.update(
  process.argv.slice(2).map((argument) => {
    const [name = '', addresses = ''] = argument.split('=');
    return fixed(name, ...addresses.split(','));
  }),
);
await service.start();
console.log('ready');
process.on('SIGTERM', () => void service.stop().then(() => process.exit()));
setInterval(() => {}, 1_000_000);
