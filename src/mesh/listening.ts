import type { Listener } from '@libp2p/interface';
import { fromMultiaddr, hostOf, isLocalOnly, isLoopback, joinPort, portOf } from './address.ts';
import type { Node } from './node.ts';

/** Where a node listens, and what of it is of use to others. */
export class Listening {
  readonly #listeners = new Set<Listener>();

  /** Starts a node; throws one sentence that names the address it could not have. */
  async start(node: Node, listen: readonly string[]): Promise<void> {
    node.addEventListener('transport:listening', ({ detail }) => this.#listeners.add(detail));
    node.addEventListener('transport:close', ({ detail }) => this.#listeners.delete(detail));
    try {
      await node.start();
    } catch (error) {
      await Promise.resolve(node.stop()).catch(() => {});
      throw new Error(`the mesh cannot listen on ${listen.join(', ')}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /** Every address it can be dialled at from somewhere, read from the interfaces now. */
  addresses(): readonly string[] {
    const found = [...this.#listeners].flatMap((listener) => listener.getAddrs()).map(fromMultiaddr);
    return [...new Set(found)];
  }

  /**
   * What to tell other hosts: what the operator said, or every address that leads here from another host. Loopback is
   * told only where there is nothing else, so that agents on one machine find each other.
   */
  advertised(advertise: string | undefined, unreachable: readonly string[]): readonly string[] {
    const all = this.addresses();
    if (advertise !== undefined) return all.length === 0 ? [] : [withPort(advertise, all)];
    const useful = all.filter((address) => !isLocalOnly(hostOf(address)) && !unreachable.includes(hostOf(address)));
    return useful.length > 0 ? useful : all.filter((address) => address.startsWith('/') || isLoopback(hostOf(address)));
  }
}

function withPort(advertise: string, listening: readonly string[]): string {
  if (portOf(advertise) > 0) return advertise;
  return joinPort(hostOf(advertise), portOf(listening[0] ?? ''));
}

const reasons: readonly (readonly [RegExp, string])[] = [
  [/EADDRINUSE/, 'another process has it'],
  [/EACCES|EPERM/, 'permission denied'],
  [/EADDRNOTAVAIL/, 'it is not an address of this host'],
];

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return reasons.find(([pattern]) => pattern.test(text))?.[1] ?? text;
}
