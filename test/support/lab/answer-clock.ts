import { createSocket } from 'node:dgram';

/**
 * `node answer-clock.ts SERVER NAME`: asks SERVER for the addresses of NAME again and again, and prints a line whenever
 * the answer changed: milliseconds since 1970, then the addresses in order. A program of its own, since it has to run
 * inside a host of the lab.
 */
const [server = '', name = ''] = process.argv.slice(2);
/** Fine enough for a budget of 150 ms, and light enough for three of them on one machine. */
const askEveryMs = 2;
const dnsPort = 53;
const headerOctets = 12;

const question = Buffer.concat([
  // Id 1, recursion desired, one question (RFC 1035 section 4.1.1); it ends with type A and class IN.
  Buffer.from('000101000001000000000000', 'hex'),
  ...name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
  Buffer.from('0000010001', 'hex'),
]);
let last: string | undefined;

const socket = createSocket('udp4');
socket.on('message', (reply) => {
  const now = performance.timeOrigin + performance.now();
  const answer = addressesIn(reply).toSorted().join(' ');
  if (answer !== last) process.stdout.write(`${now.toFixed(1)} ${answer}\n`);
  last = answer;
});
setInterval(() => socket.send(question, dnsPort, server), askEveryMs);

/** The A records of a reply of Weft: every owner name is a pointer of two octets, every record 16 octets long. */
function addressesIn(reply: Buffer): string[] {
  const count = reply.readUInt16BE(6);
  const recordOctets = 16;
  return Array.from({ length: count }, (_, index) => {
    const end = question.length + recordOctets * (index + 1);
    return reply.length < end || reply.length < headerOctets ? '?' : reply.subarray(end - 4, end).join('.');
  });
}
