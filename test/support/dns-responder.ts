import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** A name server of a few canned answers, for what asks questions: record data by `NAME TYPE`, or a response code. */
export class DnsResponder implements AsyncDisposable {
  readonly #socket = createSocket('udp4');
  /** Record data on the wire, such as four octets for A; a number is an rcode. */
  readonly answers = new Map<string, readonly Buffer[] | number>();

  static async start(): Promise<DnsResponder> {
    const responder = new DnsResponder();
    responder.#socket.on('message', (query, { port, address }) => {
      responder.#socket.send(responder.#reply(query), port, address);
    });
    responder.#socket.bind(0, '127.0.0.1');
    await once(responder.#socket, 'listening');
    return responder;
  }

  /** `127.0.0.1:PORT`. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #reply(query: Buffer): Buffer {
    const { name, end } = readName(query);
    const type = query.readUInt16BE(end);
    const found = this.answers.get(`${name} ${type}`) ?? (this.#knows(name) ? [] : 3);
    const data = typeof found === 'number' ? [] : found;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8580 | (typeof found === 'number' ? found : 0), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(data.length, 6);
    return Buffer.concat([header, query.subarray(12, end + 4), ...data.map((each) => record(type, each))]);
  }

  #knows(name: string): boolean {
    return [...this.answers.keys()].some((key) => key.startsWith(`${name} `));
  }
}

/** A name as it is on the wire. */
export function wireName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 };
}

/** A record whose owner is the question's name. */
function record(type: number, data: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(1, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
