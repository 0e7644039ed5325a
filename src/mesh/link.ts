import type { Connection } from '@libp2p/interface';
import type { Clock } from '../clock.ts';
import type { HostId } from '../record.ts';
import { fromMultiaddr } from './address.ts';
import { cutConnection, Pulse, type PulseOptions } from './pulse.ts';

/** The one connection to a neighbour, and its pulse. */
export class Link {
  readonly peer: HostId;
  readonly connection: Connection;
  readonly pulse: Pulse;
  readonly openedAtMs: number;
  /** Whether broadcasts flow, and so whether the handler was told of it. */
  up = false;
  /** Looks since it was made at which it was not up. */
  looks = 0;
  /** Consecutive beats at which broadcasts did not flow though the connection stands. */
  mute = 0;

  constructor(peer: HostId, connection: Connection, clock: Clock, options: PulseOptions) {
    this.peer = peer;
    this.connection = connection;
    this.openedAtMs = clock.now();
    this.pulse = new Pulse(connection, clock, options);
  }

  get outbound(): boolean {
    return this.connection.direction === 'outbound';
  }

  get open(): boolean {
    return this.connection.status === 'open';
  }

  get address(): string {
    return fromMultiaddr(this.connection.remoteAddr);
  }

  /** Cuts it at once; the other side sees a reset. */
  cut(reason: string): void {
    this.pulse.stop();
    cutConnection(this.connection, reason);
  }
}
