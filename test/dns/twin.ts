import type { Forwarder } from '../../src/dns/forwarder.ts';
import type { DnsOptions } from '../../src/dns/options.ts';
import { Responder } from '../../src/dns/responder.ts';
import type { NameEntry, Network } from '../../src/record.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type QuestionTerms, question, type Reply, read } from './message.ts';
import { bridgeA, dnsOptions } from './zone-words.ts';

/** A forwarder that only notes what would have left. */
export class NotingForwarder implements Forwarder {
  readonly asked: Uint8Array[] = [];
  answer: (query: Uint8Array) => Uint8Array | undefined = () => undefined;

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  async resolve(query: Uint8Array): Promise<Uint8Array | undefined> {
    this.asked.push(query);
    return this.answer(query);
  }

  recall(): undefined {}
}

/** The whole server without its sockets. */
export class Twin {
  readonly clock = new ManualClock();
  readonly forwarder = new NotingForwarder();
  readonly responder: Responder;

  constructor(
    entries: readonly NameEntry[] = [],
    options: Partial<DnsOptions> = {},
    networks: readonly Network[] = [bridgeA],
  ) {
    this.responder = new Responder({ options: dnsOptions(options), forwarder: this.forwarder, clock: this.clock });
    this.responder.setNetworks(networks);
    this.responder.update(entries);
  }

  /** Asks as the host does, or as whoever `from` is. */
  ask(name: string, terms: QuestionTerms & { from?: string; transport?: 'udp' | 'tcp' } = {}): Reply {
    return read(this.send(question(name, terms), terms));
  }

  send(
    packet: Buffer,
    { from = '127.0.0.1', transport = 'udp' }: { from?: string; transport?: 'udp' | 'tcp' } = {},
  ): Buffer | undefined {
    const response = this.responder.respond(packet, { address: from, port: 5353, transport });
    if (response instanceof Promise) throw new Error('the answer is awaited');
    return response && Buffer.from(response);
  }

  /** As `ask`, where the answer may come later. */
  async wait(name: string, terms: QuestionTerms & { from?: string } = {}): Promise<Reply> {
    const asker = { address: terms.from ?? '127.0.0.1', port: 5353, transport: 'udp' } as const;
    return read(await this.responder.respond(question(name, terms), asker));
  }
}
