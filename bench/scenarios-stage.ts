import { Asking, within } from './scenarios-asking.ts';
import { type Inspected, type Peer, type Running, type Wish, wellFile } from './scenarios-peer.ts';

/** Longer than anything that works takes on a busy machine; what did not happen by then does not happen. */
export const patienceMs = 10_000;

/** One peer, the containers that were started with it, and what was found out about it so far. */
export class Stage {
  readonly peer: Peer;
  /** Whether it answers for containers of other hosts, as the first row found out. */
  spans = false;
  #running: Running[] = [];

  constructor(peer: Peer) {
    this.peer = peer;
  }

  ask(host: number, name: string): Promise<Asking> {
    return Asking.start(this.peer, host, name);
  }

  async start(wish: Wish): Promise<Running> {
    const running = await this.peer.start(wish);
    this.#running.push(running);
    return running;
  }

  async kill(running: Running): Promise<void> {
    await this.peer.containers.run(running.host, ['kill', running.container]);
    this.forget(running);
  }

  /** The operator does not write this one down again. */
  forget(running: Running): void {
    this.#running = this.#running.filter((each) => each !== running);
  }

  /** The operator, where one is needed, does his work. */
  async settle(): Promise<void> {
    await this.peer.operator?.(this.#running);
  }

  /** Waits until a container is in the answers; throws with the last one when it does not come. */
  async answered(asking: Asking, { address, name, startedAt }: Running): Promise<void> {
    if ((await asking.firstWith(address, startedAt, patienceMs)) !== undefined) return;
    const last = asking.answers().at(-1);
    throw new Error(`${name} is not answered with ${address}, but ${last?.code} ${last?.addresses.join(' ')}`);
  }

  /** Makes a container well or sick, and waits until its engine says so. */
  async makeWell({ host, container }: Running, well: boolean): Promise<Inspected> {
    const { containers } = this.peer;
    await containers.run(host, ['exec', container, well ? 'touch' : 'rm', wellFile]);
    const health = well ? 'healthy' : 'unhealthy';
    const reached = await within(patienceMs * 2, async () => {
      await containers.check(host, container);
      const inspected = await containers.inspect(host, container);
      return inspected.health === health ? inspected : undefined;
    });
    if (reached === undefined) throw new Error(`${container} does not become ${health}`);
    return reached;
  }

  /** The words for what a try has shown that the peer cannot do. */
  cannot(why: keyof Peer['reasons'], seen: string): string {
    const reason = this.peer.reasons[why];
    return reason === '' ? `no: ${seen}` : `cannot: ${reason} (${seen})`;
  }
}
