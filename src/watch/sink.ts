import type { ContainerRecord, Network } from '../record.ts';

/** Whoever wants to know what runs on this host. Nothing is told before the first full listing of the engine. */
export interface WatchSink {
  /** These run and no others: after the first listing, and after every gap in the events. */
  replaceContainers(records: readonly ContainerRecord[]): void;
  /** This one runs, or what is known of it changed. */
  putContainer(record: ContainerRecord): void;
  /** This one runs no more. */
  removeContainer(id: string): void;
  /** The networks of this host, whenever they changed; always told before containers that are on them. */
  setNetworks(networks: readonly Network[]): void;
  /** The engine has been away for so long that nobody knows whether what was told still holds; or it is back. */
  setUnwatched(unwatched: boolean): void;
}
