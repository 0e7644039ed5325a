import type { Connection } from '@libp2p/interface';
import type { Transport } from '../../src/mesh/node.ts';

/** The ways between hosts of a process, by their addresses; those of one host can be cut, or those between two halves. */
export class Wires {
  readonly #open = new Map<Connection, readonly [string, string]>();
  #isCut = (_one: string, _other: string): boolean => false;

  /** The transport of the host at `from`; cut ways are told by that and by where it dials. */
  over(build: Transport, from: string): Transport {
    return (components) => {
      const inner = build(components);
      const wired: typeof inner = Object.create(inner);
      wired.dial = async (to, options) => {
        const ends = [from, to.toString()] as const;
        if (this.#isCut(...ends)) throw new Error('the way is cut');
        const connection = await inner.dial(to, options);
        this.#open.set(connection, ends);
        // It was cut meanwhile.
        if (this.#isCut(...ends)) connection.abort(new Error('cut'));
        return connection;
      };
      return wired;
    };
  }

  cut(address: string): void {
    this.cutWhere((one, other) => one === address || other === address);
  }

  /** Cuts those that `isCut` says, and no others. */
  cutWhere(isCut: (one: string, other: string) => boolean): void {
    this.#isCut = isCut;
    for (const [connection, ends] of this.#open) if (isCut(...ends)) connection.abort(new Error('cut'));
  }

  mend(): void {
    this.#isCut = () => false;
  }
}
