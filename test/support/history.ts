import { CrdtLab, type LabReplica, name, staticRecord } from './crdt-lab.ts';
import { ManualClock } from './manual-clock.ts';

/** Milliseconds of their own time that hosts have, once all is well, to know the same. */
const settleWithinMs = 30_000;
const dayMs = 86_400_000;

/**
 * A random history of changes and failures, as weave's own `TestNameservers` had, with what it left out: crashes, cuts,
 * lost disks, disks restored from an old copy, lost messages, clocks days apart. The same for the same seed.
 */
export class History {
  readonly lab: CrdtLab;
  readonly #chance: ManualClock;
  readonly #hostCount: number;
  #serial = 0;
  /** Whether there should be a static record of this name; each name is added once and removed where it was seen. */
  readonly #statics = new Map<string, boolean>();
  readonly #copies = new Map<LabReplica, ReadonlyMap<string, Uint8Array>>();

  constructor({ seed, hosts }: { readonly seed: number; readonly hosts: number }) {
    this.#hostCount = hosts;
    this.#chance = new ManualClock({ seed });
    this.lab = new CrdtLab({ seed, loss: 0.05, delayMs: [1, 150] });
  }

  async begin(): Promise<void> {
    await this.lab.start(this.#hostCount);
  }

  async step(): Promise<void> {
    await this.#act(this.#pick(this.lab.hosts));
    await this.lab.run(this.#chance.random() * 150);
  }

  /** All is mended, every host runs; then all know the same. */
  async end(): Promise<void> {
    this.lab.net.options = { ...this.lab.net.options, loss: 0.02 };
    this.lab.net.heal();
    for (const host of this.lab.hosts) if (!host.running) await host.start();
    await this.lab.until(() => this.lab.agree() && this.surprises().length === 0, settleWithinMs).catch(() => {});
  }

  /** What any host knows that is not so, or does not know that is. */
  surprises(): string[] {
    return this.lab.hosts.flatMap((host) => [...this.#wrongNames(host), ...this.#wrongStatics(host)]);
  }

  /** Who held what against whom: all of them are honest. */
  blames(): string[] {
    return this.lab.hosts.flatMap(({ name: who, mesh }) =>
      mesh.blamed().map(({ peer, count }) => `${who} blames ${peer} ${count} times`),
    );
  }

  #wrongNames(host: LabReplica): string[] {
    const truth = this.lab.hosts.flatMap((owner) =>
      [...owner.truth.values()].flatMap(({ id, names, health }) =>
        names.map((each) => `${each} ${owner.name} ${id} ${health}`),
      ),
    );
    const known = [...host.directory.names()].flatMap((each) =>
      host.directory
        .entry(each)
        .owners.map(({ hostName, container }) => `${each} ${hostName} ${container.id} ${container.health}`),
    );
    return differences(host.name, truth, known);
  }

  #wrongStatics(host: LabReplica): string[] {
    const truth = [...this.#statics].flatMap(([each, there]) => (there ? [each] : []));
    const known = [...host.directory.names()].filter((each) => host.directory.entry(each).statics.length > 0);
    return differences(host.name, truth, known);
  }

  async #act(host: LabReplica): Promise<void> {
    const dice = this.#chance.random();
    if (!host.running) return dice < 0.5 ? host.start() : undefined;
    if (dice < 0.3) return this.#run(host);
    if (dice < 0.45) return this.#change(host);
    if (dice < 0.65) return this.#remove(host);
    if (dice < 0.72) return this.#addStatic(host);
    if (dice < 0.76) return this.#removeStatic(host);
    if (dice < 0.86) return this.lab.net.cut(host.id, this.#pick(this.lab.hosts).id);
    if (dice < 0.9) return this.lab.net.heal();
    if (dice < 0.93) return host.stop('restart');
    if (dice < 0.96) return host.crash({ power: dice < 0.945 });
    if (dice < 0.98) return host.list();
    if (dice < 0.984) return this.#loseDisk(host, new Map());
    if (dice < 0.987) return this.#loseDisk(host, this.#copies.get(host) ?? new Map());
    if (dice < 0.992) return this.#copyDisk(host);
    return this.lab.run(2_000);
  }

  #run(host: LabReplica): void {
    const names = Array.from({ length: 1 + Math.floor(this.#chance.random() * 3) }, () => this.#name());
    this.#serial += 1;
    const address = `10.0.${Math.floor(this.#serial / 250)}.${this.#serial % 250}`;
    const more = { startedAt: this.#wallClock(host) };
    host.put(host.container(`container${this.#serial}`, [...new Set(names)], address, more));
  }

  #change(host: LabReplica): void {
    const container = this.#pick([...host.truth.values()]);
    if (container !== undefined) host.put({ ...container, health: this.#pick(['healthy', 'unhealthy', 'starting']) });
  }

  #remove(host: LabReplica): void {
    const container = this.#pick([...host.truth.values()]);
    if (container !== undefined) host.remove(container.id);
  }

  #addStatic(host: LabReplica): void {
    this.#serial += 1;
    host.replica.addStatic([staticRecord(`static${this.#serial}`, '192.0.2.1', { madeAt: this.#wallClock(host) })]);
    this.#statics.set(`static${this.#serial}`, true);
  }

  #removeStatic(host: LabReplica): void {
    const known = [...host.directory.names()].filter((each) => host.directory.entry(each).statics.length > 0);
    const one = this.#pick(known);
    if (one === undefined) return;
    host.replica.removeStatic(name(one));
    this.#statics.set(one, false);
  }

  /** A host loses its disk, or gets an old copy of it back, once what it alone knew has reached the others. */
  async #loseDisk(host: LabReplica, copy: ReadonlyMap<string, Uint8Array>): Promise<void> {
    this.lab.net.heal();
    await this.lab.run(20_000);
    await host.crash();
    host.disk.files.clear();
    for (const [file, bytes] of copy) host.disk.files.set(file, bytes);
  }

  #copyDisk(host: LabReplica): void {
    this.#copies.set(host, new Map(host.disk.files));
  }

  /** The time of day as this host takes it: days from any other's. */
  #wallClock(host: LabReplica): number {
    return this.lab.clock.wallNow() + (this.lab.hosts.indexOf(host) - this.#hostCount / 2) * dayMs;
  }

  #name(): string {
    return `name${Math.floor(this.#chance.random() * 12)}`;
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#chance.random() * from.length)] as T;
  }
}

function differences(who: string, truth: readonly string[], known: readonly string[]): string[] {
  const missing = truth.filter((each) => !known.includes(each)).map((each) => `${who} lacks ${each}`);
  const surplus = known.filter((each) => !truth.includes(each)).map((each) => `${who} has ${each}`);
  return [...missing, ...surplus];
}
