import { Resolver } from 'node:dns/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Agent, createAgent } from './agent.ts';
import { type Given, parseConfig } from './flags.ts';
import { createSecret } from './mesh/secret.ts';
import { endpointText } from './name-server-view.ts';
import { type Address, type Name, parseAddress } from './record.ts';
import { EmbeddedEngine } from './watch/embedded-engine.ts';

/** Longest wait for an answer to become right: the budget for a host switched off (5 s), and as much again. */
const patienceMs = 10_000;
/** How often an answer is asked again while it is waited for. */
const askAgainMs = 20;
/** Questions to a name of three addresses, to show that each comes first equally often. */
const turns = 30;
/** The cast: who is started on which host, in the words of those who asked for them. */
const cast: readonly (readonly string[])[] = [
  ['node0', 'nodebb', 'rethinkleader', 'first'],
  ['node1', 'nodebb', 'second'],
  ['node2', 'nodebb', 'third'],
];

/**
 * Three agents with three embedded engines on 127.0.0.1 to 127.0.0.3: starts the cast, asks, prints, lets containers
 * die, move and return, and switches a host off. After the tour the hosts stay up until `until` resolves; without it
 * they end at once. Resolves to whether every answer was right.
 */
export async function runDemo(print: (line: string) => void, until?: Promise<void>): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'weft-demo-'));
  const hosts: DemoHost[] = [];
  let over = false;
  const say = (line: string) => {
    if (!over) print(line);
  };
  const tour = async () => {
    const right = await play(hosts, directory, say);
    if (until) invite(hosts, say);
    return right;
  };
  try {
    // Ctrl-C ends the tour too, wherever it is.
    const right = await Promise.race([tour(), ...(until ? [until.then(() => true)] : [])]);
    await until;
    return right;
  } finally {
    over = true;
    await Promise.all(hosts.map((host) => host.stop()));
    await rm(directory, { recursive: true, force: true });
  }
}

async function play(hosts: DemoHost[], directory: string, print: (line: string) => void): Promise<boolean> {
  const secret = createSecret();
  const tour = new Tour(hosts, print);
  tour.say('Three hosts, each with an engine and an agent; host2 and host3 know only host1.');
  for (const number of [1, 2, 3]) hosts.push(new DemoHost(number, directory, secret));
  for (const host of hosts) await host.engine.open();
  const [one, two, three] = hosts;
  if (one === undefined || two === undefined || three === undefined) throw new Error('three hosts were made');
  await one.start([]);
  await two.start(one.agent.meshAddresses());
  await three.start(one.agent.meshAddresses());

  tour.say('The cast starts: node0 to node2, nodebb three times, rethinkleader, first, second, third.');
  for (const [index, names] of cast.entries()) for (const name of names) hosts[index]?.engine.run({ name });
  for (const name of new Set(cast.flat())) await tour.expectTruth(name);
  await tour.expectEvenTurns('nodebb');

  tour.say('The nodebb of host2 dies, and comes back.');
  two.engine.stop('nodebb');
  await tour.expectTruth('nodebb');
  two.engine.start('nodebb');
  await tour.expectTruth('nodebb');

  tour.say('first moves from host1 to host3: the same name, another address.');
  one.engine.remove('first');
  three.engine.run({ name: 'first' });
  await tour.expectTruth('first');

  tour.say('An operator adds db by hand on host2, and removes it on host3.');
  const db = documentationAddress();
  await two.agent.control.addStatic([
    { name: 'db' as Name, data: { type: 'address', address: db }, madeOn: two.name, madeAt: Date.now() },
  ]);
  await tour.expect('db', [db]);
  await three.agent.control.removeStatic('db' as Name);
  await tour.expect('db', []);

  tour.say('host3 drops out without a word: its nodebb is hidden; node2, which only it has, is answered still.');
  const node2 = addressesOf([three], 'node2');
  await three.dropOut();
  await tour.expect('nodebb', addressesOf([one, two], 'nodebb'), [one, two]);
  await tour.expect('node2', node2, [one, two]);

  tour.say('host3 returns, and is answered again with nothing announced anew.');
  await three.start(one.agent.meshAddresses());
  await tour.expectTruth('nodebb');
  await tour.expectTruth('node2');
  return tour.right;
}

/** Tells what to try by hand. */
function invite(hosts: readonly DemoHost[], print: (line: string) => void): void {
  const [first, , third] = hosts;
  if (first === undefined || third === undefined) return;
  print('');
  print(`The hosts stay up until Ctrl-C. Their page is at ${first.page}`);
  print('In another terminal, try:');
  print(`  dig ${first.server} nodebb.weave.local`);
  print(`  dig ${third.server} +short node0.weave.local`);
  print(`  dig ${third.server} +short -x ${addressesOf([first], 'node0').join()}`);
  print(`  npx weft --api unix:${first.socket} status`);
  print(`  npx weft --api unix:${first.socket} ls`);
  print(`  npx weft --api unix:${third.socket} add db 192.0.2.7`);
}

/** One of the three: an engine and, while it is switched on, an agent. */
class DemoHost {
  readonly name: string;
  readonly engine: EmbeddedEngine;
  readonly socket: string;
  readonly #address: string;
  readonly #dataDir: string;
  readonly #secret: string;
  #dnsPort = 0;
  #agent: Agent | undefined;
  #starting: Promise<void> = Promise.resolve();
  #ended = false;
  #resolver = new Resolver();

  constructor(number: number, directory: string, secret: string) {
    this.name = `host${number}`;
    this.#address = `127.0.0.${number}`;
    this.#dataDir = join(directory, this.name);
    this.socket = join(directory, `${this.name}.sock`);
    this.#secret = secret;
    this.engine = new EmbeddedEngine({ listen: this.#address, subnet: `127.1${number}.0.0/16` });
  }

  get agent(): Agent {
    if (this.#agent === undefined) throw new Error(`${this.name} is switched off`);
    return this.#agent;
  }

  /** How dig is told to ask here. */
  get server(): string {
    return `@${this.#address} -p ${this.#dnsPort}`;
  }

  /** Where a browser finds the page of its agent. */
  get page(): string {
    const [bound] = this.agent.apiAddresses().filter((each) => each.type === 'tcp');
    return bound === undefined ? '' : `http://${endpointText(bound.address, bound.port)}/`;
  }

  /** Switches the host on; refuses once the demo has ended, so that a tour cut short leaves nothing behind. */
  start(peers: readonly string[]): Promise<void> {
    if (this.#ended) return Promise.reject(new Error('the demo has ended'));
    this.#starting = this.#boot(peers);
    return this.#starting;
  }

  async #boot(peers: readonly string[]): Promise<void> {
    const given: Given = {
      name: this.name,
      peers,
      'dns-listen': [endpointText(this.#address, this.#dnsPort)],
      'mesh-listen': `${this.#address}:0`,
      api: [`unix:${this.socket}`, `${this.#address}:0`],
      'docker-host': this.engine.url,
      'data-dir': this.#dataDir,
      'log-level': 'silent',
    };
    const config = parseConfig(given, { WEFT_SECRET: this.#secret });
    if (!config.ok) throw new Error(config.problem);
    this.#agent = await createAgent(config.value);
    await this.#agent.start();
    this.#dnsPort = this.#agent.dnsAddresses()[0]?.port ?? 0;
    this.#resolver = new Resolver({ timeout: patienceMs, tries: 1 });
    this.#resolver.setServers([`${this.#address}:${this.#dnsPort}`]);
  }

  /** The addresses of a name as this host answers them; none where there is no such name. */
  async ask(name: string): Promise<string[]> {
    return this.#resolver.resolve4(`${name}.weave.local`).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTFOUND' || error.code === 'ENODATA') return [];
      throw error;
    });
  }

  async dropOut(): Promise<void> {
    await this.#agent?.stop('vanish');
    this.#agent = undefined;
  }

  async stop(): Promise<void> {
    this.#ended = true;
    await this.#starting.catch(() => {});
    await this.#agent?.stop('restart');
    await this.engine.close();
  }
}

/** Asks, waits for the right answer, and tells what it saw. */
class Tour {
  readonly #hosts: readonly DemoHost[];
  readonly #print: (line: string) => void;
  right = true;

  constructor(hosts: readonly DemoHost[], print: (line: string) => void) {
    this.#hosts = hosts;
    this.#print = print;
  }

  say(line: string): void {
    this.#print('');
    this.#print(line);
  }

  /** Every host answers a name with what the engines run. */
  async expectTruth(name: string): Promise<void> {
    await this.expect(name, addressesOf(this.#hosts, name));
  }

  async expect(name: string, addresses: readonly string[], hosts: readonly DemoHost[] = this.#hosts): Promise<void> {
    const wanted = addresses.toSorted().join(' ');
    const startedAt = performance.now();
    let answers: string[] = [];
    do {
      answers = await Promise.all(hosts.map(async (host) => (await host.ask(name)).toSorted().join(' ')));
      if (answers.every((answer) => answer === wanted)) break;
      await new Promise((resolve) => setTimeout(resolve, askAgainMs));
    } while (performance.now() - startedAt < patienceMs);
    const tookMs = Math.round(performance.now() - startedAt);
    const where = hosts.map((host) => host.name).join(', ');
    if (answers.every((answer) => answer === wanted)) {
      this.#print(`  ${name.padEnd(14)} ${(wanted || 'no such name').padEnd(34)} on ${where}, after ${tookMs} ms`);
      return;
    }
    this.right = false;
    for (const [index, host] of hosts.entries())
      if (answers[index] !== wanted)
        this.#print(`  WRONG: ${name} on ${host.name}: ${answers[index] || 'no answer'}, not ${wanted || 'none'}`);
  }

  /** Each address of a name comes first equally often. */
  async expectEvenTurns(name: string): Promise<void> {
    const [host] = this.#hosts;
    const counts = new Map<string, number>();
    for (let turn = 0; turn < turns; turn++) {
      const [first = ''] = (await host?.ask(name)) ?? [];
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }
    const shares = [...counts].map(([address, count]) => `${address} ${count} times`).toSorted();
    const even = new Set(counts.values()).size === 1;
    if (!even) this.right = false;
    this.#print(`  ${even ? '' : 'WRONG: '}first of ${turns} answers for ${name}: ${shares.join(', ')}`);
  }
}

function addressesOf(hosts: readonly DemoHost[], name: string): string[] {
  return hosts.flatMap((host) => host.engine.addressOf(name) ?? []);
}

/** RFC 5737: an address for documentation. */
function documentationAddress(): Address {
  const address = parseAddress('192.0.2.7');
  if (!address.ok) throw new Error(address.problem);
  return address.value;
}
