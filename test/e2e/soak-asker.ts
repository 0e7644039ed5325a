import { createSocket } from 'node:dgram';

/**
 * `node soak-asker.ts SERVER PER_SECOND NAME…`: asks SERVER for the addresses of the names in turn. Every set of addresses
 * that a name had is one line, when it gives way to another or at SIGTERM: `NAME CODE FIRST LAST COUNT ADDRESS…`, with the
 * times of the first and last question that it answered in milliseconds since 1970, and `LOST` as the code of questions
 * without an answer. A program of its own, since it runs in a host's network.
 */
const [server = '', perSecond = '1', ...names] = process.argv.slice(2);
const dnsPort = 53;
/** Longer than an agent takes to be back; what comes later is lost. */
const patienceMs = 2_000;
const askEveryMs = 1_000 / Number(perSecond);
/** An id is free again long after its question was given up. */
const ids = 65_536;

interface Held {
  readonly key: string;
  readonly firstAt: number;
  lastAt: number;
  count: number;
}

const questions = names.map((name) => ({ name, packet: questionFor(name) }));
const held = new Map<string, Held>();
const waiting = new Map<number, { readonly name: string; readonly sentAt: number }>();
let asked = 0;
let due = performance.now();

const socket = createSocket('udp4');
// An agent that is away says so by ICMP; its questions count as lost.
socket.on('error', () => {});
socket.on('message', (reply) => {
  const question = waiting.get(reply.readUInt16BE(0));
  if (question === undefined) return;
  waiting.delete(reply.readUInt16BE(0));
  const { packet } = questions.find(({ name }) => name === question.name) ?? { packet: reply };
  note(question.name, question.sentAt, `${(reply[3] ?? 0) & 0x0f}`, addressesIn(reply, packet.length));
});

const asking = setInterval(() => {
  // Timers come late on a busy machine; the rate stays.
  for (; due <= performance.now(); due += askEveryMs) ask();
  giveUp(now() - patienceMs);
}, askEveryMs);

process.on('SIGTERM', () => {
  clearInterval(asking);
  giveUp(Number.POSITIVE_INFINITY);
  for (const [name, set] of held) say(name, set);
  socket.close();
});

function ask(): void {
  const { name, packet } = questions[asked % questions.length] ?? { name: '', packet: Buffer.alloc(0) };
  const id = asked++ % ids;
  const message = Buffer.from(packet);
  message.writeUInt16BE(id, 0);
  waiting.set(id, { name, sentAt: now() });
  socket.send(message, dnsPort, server);
}

function giveUp(before: number): void {
  for (const [id, { name, sentAt }] of waiting) {
    if (sentAt > before) break;
    waiting.delete(id);
    note(name, sentAt, 'LOST', []);
  }
}

/** Answers come out of order by less than anybody here cares about. */
function note(name: string, sentAt: number, code: string, addresses: readonly string[]): void {
  const key = [code, ...addresses.toSorted()].join(' ');
  const set = held.get(name);
  if (set?.key === key) {
    set.lastAt = sentAt;
    set.count++;
    return;
  }
  if (set !== undefined) say(name, set);
  held.set(name, { key, firstAt: sentAt, lastAt: sentAt, count: 1 });
}

function say(name: string, { key, firstAt, lastAt, count }: Held): void {
  const [code, ...addresses] = key.split(' ');
  process.stdout.write(`${[name, code, firstAt.toFixed(0), lastAt.toFixed(0), count, ...addresses].join(' ')}\n`);
}

/** Recursion desired, one question, type A, class IN (RFC 1035 section 4.1). */
function questionFor(name: string): Buffer {
  return Buffer.concat([
    Buffer.from('000001000001000000000000', 'hex'),
    ...name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)])),
    Buffer.from('0000010001', 'hex'),
  ]);
}

/** The A records of a reply of Weft: every owner name is a pointer of two octets, every record 16 octets long. */
function addressesIn(reply: Buffer, questionOctets: number): string[] {
  const recordOctets = 16;
  return Array.from({ length: reply.readUInt16BE(6) }, (_, index) => {
    const end = questionOctets + recordOctets * (index + 1);
    return reply.subarray(end - 4, end).join('.');
  });
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
