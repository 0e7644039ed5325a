import type { Listener } from '@libp2p/interface';
import { fromMultiaddr, hostOf, isLocalOnly, isLoopback, joinPort, portOf } from './address.ts';
import type { Node } from './node.ts';

/** Who listens at an address already, as `name (pid 123)`, as far as the system tells. */
export type HolderOf = (address: string, port: number) => Promise<string | undefined>;

/** Where a node listens, and what of it is of use to others. */
export class Listening {
  readonly #listeners = new Set<Listener>();

  /** Starts a node; throws one sentence that names the address it could not have, and who has it. */
  async start(node: Node, listen: readonly string[], holderOf: HolderOf | undefined): Promise<void> {
    node.addEventListener('transport:listening', ({ detail }) => this.#listeners.add(detail));
    node.addEventListener('transport:close', ({ detail }) => this.#listeners.delete(detail));
    try {
      await node.start();
    } catch (error) {
      await Promise.resolve(node.stop()).catch(() => {});
      const reason = await reasonOf(error, listen, holderOf);
      throw new Error(`the mesh cannot listen on ${listen.join(', ')}: ${reason}`, { cause: error });
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

async function reasonOf(error: unknown, listen: readonly string[], holderOf?: HolderOf): Promise<string> {
  const text = error instanceof Error ? error.message : String(error);
  if (/EADDRINUSE/.test(text)) {
    const [address = ''] = listen;
    const holder = await holderOf?.(hostOf(address), portOf(address)).catch(() => undefined);
    return `the port is taken${holder ? ` by ${holder}` : ''}; stop that, or choose another with --mesh-listen`;
  }
  if (/EACCES|EPERM/.test(text)) return 'permission denied';
  if (/EADDRNOTAVAIL/.test(text))
    return 'no interface of this host has that address; choose another with --mesh-listen';
  return text;
}
