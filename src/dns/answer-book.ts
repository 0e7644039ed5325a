import type { Clock } from '../clock.ts';
import type { Address, Domain, NameEntry, Network } from '../record.ts';
import { AnswerTable, questionHash } from './answer-table.ts';
import { type Answer, Answers, type CompiledFor } from './answers.ts';
import type { Asked, Knowledge } from './asked.ts';
import type { Client } from './client.ts';
import { compose, dependsOnItselfOnly } from './composer.ts';
import type { Draft } from './draft.ts';
import { Host } from './host.ts';
import type { DnsOptions } from './options.ts';
import { locate } from './place.ts';
import type { Query } from './query.ts';
import { Shuffle } from './shuffle.ts';
import { headerOctets, nameAt } from './wire.ts';
import { containerAt, isEmpty, type LocalContainer, Zone, type ZoneNode } from './zone.ts';

/** Answers about names that may not exist are kept while nothing changes, and not more of them than this. */
const maxFleeting = 8192;
/** How often anything may change before generations start anew; an answer holds its generation in a word. */
const maxGenerations = 0x7fff_ffff;
/** The states of an answer that follows from one name alone. */
const stale = 0;
const current = 1;

/**
 * What is answered about our names: compiled when it is first asked for, kept for as long as it is true. An answer that
 * follows from one name alone lasts until that name changes, all others until anything does.
 */
export class AnswerBook {
  readonly answers: Answers;
  /** This host and its networks. */
  host: Host;
  private readonly options: DnsOptions;
  private readonly domains: readonly [Domain, ...Domain[]];
  private readonly zone = new Zone<Answer>();
  private readonly serial: number;
  private readonly lasting: AnswerTable;
  private readonly fleeting: AnswerTable;
  /** The fleeting ones, of which the oldest makes room for the next. */
  private readonly turnover = new Int32Array(maxFleeting);
  private oldest = 0;
  private generation = 1;
  /** The last answer that was made for one asker alone. */
  private once: Answer | undefined;

  constructor({ options, clock }: { options: DnsOptions; clock: Clock }) {
    const [primary, ...others] = options.domains;
    if (primary === undefined) throw new Error('a name server needs a domain');
    this.options = options;
    this.domains = [primary, ...others];
    this.host = new Host(options.hostId, []);
    this.serial = Math.floor(clock.wallNow() / 1000) >>> 0;
    const shuffle = new Shuffle(clock.random() * 0xffffffff);
    this.answers = new Answers({ shuffle, payloadOctets: options.limits.udpPayloadOctets });
    this.lasting = new AnswerTable(this.answers);
    this.fleeting = new AnswerTable(this.answers);
  }

  /** What is known, for those who compose. */
  knowledge(): Knowledge<Answer> {
    const { options, domains, zone, host, serial } = this;
    return { options, domains, zone, host, serial };
  }

  /** Takes over what is known of some names; `touch` hears every address that one of them had or has. */
  update(entries: readonly NameEntry[], touch: (address: Address) => void): void {
    this.startGeneration();
    for (const entry of entries) {
      const node = this.zone.put(entry, touch);
      if (node === undefined) continue;
      for (const answer of node.derived) this.answers.setState(answer, stale);
      if (isEmpty(node)) this.strike(node);
    }
  }

  /** Networks decide who asks and what is reachable: nothing compiled stays. */
  setNetworks(networks: readonly Network[]): void {
    this.host = new Host(this.options.hostId, networks);
    this.lasting.clear();
    this.fleeting.clear();
    this.answers.clear();
    this.oldest = 0;
    this.once = undefined;
    this.zone.forgetDerived();
  }

  /** Which local container has an address. */
  containerAt(address: string): LocalContainer | undefined {
    return containerAt(this.zone, this.host.id, address);
  }

  /** The kept answer for this asker, if it is true still. */
  find({ hash: nameHash, name }: Query, type: number, client: Client): Answer | undefined {
    const { answers } = this;
    const group = client.group.id;
    const hash = questionHash(nameHash, type, group);
    let answer = this.lasting.find(hash, name, type, group);
    if (answer === undefined || answers.state(answer) !== current) {
      answer = this.fleeting.find(hash, name, type, group);
      if (answer === undefined || answers.state(answer) !== this.generation) return undefined;
    }
    return answers.isHiddenFrom(answer, client.container) ? undefined : answer;
  }

  /** What stands at the name of a question, and all that the answer follows from; undefined where it is not ours. */
  locate(packet: Buffer, type: number, client: Client): Asked<Answer> | undefined {
    const name = nameAt(packet, headerOctets);
    const place = locate(name, this.domains, this.zone);
    return place && { name, place, type, client };
  }

  compile(packet: Buffer, query: Query, asked: Asked<Answer>): Answer {
    const { client } = asked;
    const known = this.knowledge();
    const anybody = client.container === undefined ? asked : { ...asked, client: { ...client, container: undefined } };
    const shared = compose(known, anybody);
    const hidden = client.container !== undefined && shared.hidden?.has(client.container);
    if (hidden) return this.compileOnce(packet, query, asked, compose(known, asked));
    const question = compiledFor(packet, query, asked);
    const node = dependsOnItselfOnly(asked);
    return node ? this.keep(query, question, shared, node) : this.keepForNow(query, question, shared);
  }

  /** An answer that nobody else gets; it holds until the next of its kind. */
  compileOnce(packet: Buffer, query: Query, asked: Asked<Answer>, draft: Draft): Answer {
    if (this.once !== undefined) this.answers.forget(this.once);
    this.once = this.answers.make(compiledFor(packet, query, asked), draft);
    return this.once;
  }

  private keep(query: Query, question: CompiledFor, draft: Draft, node: ZoneNode<Answer>): Answer {
    const known = this.lasting.find(question.hash, query.name, question.type, question.group);
    const answer = this.put(this.lasting, known, question, draft);
    this.answers.setState(answer, current);
    // Lists of their own length: most have one answer, and one that is pushed or spread to has room for sixteen more.
    if (known === undefined) node.derived = node.derived.concat(answer);
    else if (known !== answer) node.derived = node.derived.map((each) => (each === known ? answer : each));
    return answer;
  }

  private keepForNow(query: Query, question: CompiledFor, draft: Draft): Answer {
    const { turnover } = this;
    const known = this.fleeting.find(question.hash, query.name, question.type, question.group);
    const place = known === undefined ? this.placeForNext() : undefined;
    const answer = this.put(this.fleeting, known, question, draft);
    this.answers.setState(answer, this.generation);
    if (known !== answer) turnover[place ?? turnover.indexOf(known ?? answer)] = answer;
    return answer;
  }

  private put(table: AnswerTable, known: Answer | undefined, question: CompiledFor, draft: Draft): Answer {
    const { answers } = this;
    const answer = known === undefined ? answers.make(question, draft) : answers.remake(known, question, draft);
    if (known === answer) return answer;
    if (known !== undefined) table.remove(question.hash, known);
    table.add(question.hash, answer);
    return answer;
  }

  private placeForNext(): number {
    const { fleeting, oldest, turnover } = this;
    if (fleeting.size < maxFleeting) return fleeting.size;
    this.drop(fleeting, turnover[oldest] ?? 0);
    this.oldest = (oldest + 1) % maxFleeting;
    return oldest;
  }

  /** Lets go of the answers of a name that is gone. */
  private strike(node: ZoneNode<Answer>): void {
    for (const answer of node.derived) this.drop(this.lasting, answer);
    node.derived = [];
  }

  private drop(table: AnswerTable, answer: Answer): void {
    table.remove(this.answers.hash(answer), answer);
    this.answers.forget(answer);
  }

  /** What depends on several names is no longer true. */
  private startGeneration(): void {
    this.generation++;
    if (this.generation <= maxGenerations) return;
    for (const answer of this.turnover.subarray(0, this.fleeting.size)) this.drop(this.fleeting, answer);
    this.generation = 1;
    this.oldest = 0;
  }
}

function compiledFor(packet: Buffer, query: Query, { name, type, client }: Asked<Answer>): CompiledFor {
  const group = client.group.id;
  const question = packet.subarray(headerOctets, query.questionEnd);
  return { hash: questionHash(query.hash, type, group), type, group, question, name };
}
