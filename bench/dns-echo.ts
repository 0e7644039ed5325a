import { createSocket } from 'node:dgram';

// The limit of the runtime: what comes in goes out, as a reply. `node bench/dns-echo.ts PORT [ADDRESS]`; with an address
// it answers every question with that one instead, for an upstream of the benchmark.

const [port = '0', address] = process.argv.slice(2);
const socket = createSocket('udp4');
const record = Buffer.from([
  0xc0,
  0x0c,
  0,
  1,
  0,
  1,
  0,
  0,
  0x0e,
  0x10,
  0,
  4,
  ...(address ?? '0.0.0.0').split('.').map(Number),
]);
socket.on('message', (packet, { address: from, port: fromPort }) => {
  packet[2] = 0x80 | (packet[2] ?? 0);
  socket.send(address === undefined ? packet : answered(packet), fromPort, from);
});
socket.bind(Number(port), '127.0.0.1');

function answered(packet: Buffer): Buffer {
  let end = 12;
  while ((packet[end] ?? 0) !== 0) end += 1 + (packet[end] ?? 0);
  const reply = Buffer.concat([packet.subarray(0, end + 5), record]);
  reply.writeUInt16BE(0x8180, 2);
  reply.set([0, 1, 0, 1, 0, 0, 0, 0], 4);
  return reply;
}
