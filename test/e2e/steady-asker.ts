import { createSocket, type Socket } from 'node:dgram';

/**
 * `node steady-asker.ts SERVER NAME PER_SECOND`: asks SERVER for the addresses of NAME steadily, and prints a line for
 * every answer: milliseconds since 1970 when the question was sent, the response code, then the addresses; and a line with the
 * code `LOST` for a question that got none. Ends at SIGTERM, when the last answers are in. A program of its
 * own, since it has to run inside a container's network.
 */
const [server = '', name = '', perSecond = '1'] = process.argv.slice(2);
const dnsPort = 53;
const typeA = 1;
/** An octet from here on begins a pointer, a smaller one a label. */
const pointerMark = 0xc0;
/** A machine that is busy answers late; a question that is lost is never answered. */
const patienceMs = 3_000;
const askEveryMs = 1000 / Number(perSecond);

const question = Buffer.concat([
  // Recursion desired, one question (RFC 1035 section 4.1.1); it ends with type A and class IN.
  Buffer.from('000001000001000000000000', 'hex'),
  ...name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
  Buffer.from('0000010001', 'hex'),
]);
const unanswered = new Map<number, number>();
let asked = 0;
let due = performance.now();
let stopping = false;
let patience: NodeJS.Timeout | undefined;

/** Programs ask from ever new ports; on a path it knows, the kernel would translate to whoever answered there before. */
const portEveryMs = 100;
const sockets = new Set<Socket>();
let socket = openSocket();
const renewal = setInterval(() => {
  const old = socket;
  setTimeout(() => close(old), patienceMs).unref();
  socket = openSocket();
}, portEveryMs);

const timer = setInterval(() => {
  // Timers come late on a busy machine; the rate stays.
  for (; due <= performance.now(); due += askEveryMs) ask();
}, askEveryMs);

process.on('SIGTERM', () => {
  clearInterval(timer);
  clearInterval(renewal);
  stopping = true;
  patience = setTimeout(giveUp, patienceMs);
  endWhenDone();
});

function ask(): void {
  asked = (asked + 1) % 65_536;
  const message = Buffer.from(question);
  message.writeUInt16BE(asked, 0);
  unanswered.set(asked, performance.timeOrigin + performance.now());
  socket.send(message, dnsPort, server);
}

function endWhenDone(): void {
  if (!stopping || unanswered.size > 0) return;
  clearTimeout(patience);
  for (const each of sockets) close(each);
}

function openSocket(): Socket {
  const opened = createSocket('udp4');
  sockets.add(opened);
  return opened.on('message', (reply) => {
    const id = reply.readUInt16BE(0);
    const sentAt = unanswered.get(id);
    if (sentAt === undefined) return;
    unanswered.delete(id);
    say(sentAt, `${(reply[3] ?? 0) & 0x0f}`, addressesIn(reply));
    endWhenDone();
  });
}

function close(each: Socket): void {
  if (sockets.delete(each)) each.close();
}

function giveUp(): void {
  for (const sentAt of unanswered.values()) say(sentAt, 'LOST', []);
  unanswered.clear();
  endWhenDone();
}

function say(sentAt: number, code: string, addresses: readonly string[]): void {
  process.stdout.write(`${[sentAt.toFixed(1), code, ...addresses].join(' ')}\n`);
}

/** The A records of a reply, of whichever server: owner names may be compressed or not (RFC 1035 section 4.1.4). */
function addressesIn(reply: Buffer): string[] {
  const addresses: string[] = [];
  let at = question.length;
  for (let left = reply.readUInt16BE(6); left > 0; left -= 1) {
    const data = afterName(reply, at) + 10;
    at = data + reply.readUInt16BE(data - 2);
    if (reply.readUInt16BE(data - 10) === typeA) addresses.push(reply.subarray(data, at).join('.'));
  }
  return addresses;
}

function afterName(reply: Buffer, start: number): number {
  let at = start;
  while ((reply[at] ?? 0) !== 0) {
    const octet = reply[at] ?? 0;
    if (octet >= pointerMark) return at + 2;
    at += 1 + octet;
  }
  return at + 1;
}
