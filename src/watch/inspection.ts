import type { ContainerHealth } from '../record.ts';

/** What Weft reads of `GET /containers/{id}/json`. */
export interface Inspection {
  readonly id: string;
  /** Without the slash before it. */
  readonly name: string;
  readonly image: string;
  readonly hostname: string;
  readonly domainname: string;
  readonly labels: ReadonlyMap<string, string>;
  /** Its process runs: not created, exited, dead, or waiting to be started again. */
  readonly running: boolean;
  readonly paused: boolean;
  /** The engine is stopping it (Podman says so). */
  readonly stopping: boolean;
  readonly health: ContainerHealth;
  /** When this run began, an instant (see `instant.ts`); 0 where the engine does not say. */
  readonly startedAt: number;
  /** The number of the signal that asks it to stop. */
  readonly stopSignal: number;
  /** The engine starts it again when it ends. */
  readonly restarts: boolean;
  /** `default`, `bridge`, `host`, `none`, a network's name, or `container:ID`. */
  readonly networkMode: string;
  /** Its UTS namespace, and so its host name, is the host's. */
  readonly hostUts: boolean;
  readonly endpoints: readonly Endpoint[];
  /** Its addresses on the exit of overlays, which the engine tells with that network and not with the container. */
  readonly exitAddresses?: readonly string[];
  /** Such as `80/tcp`. */
  readonly exposedPorts: readonly string[];
  readonly publishedPorts: readonly PublishedPort[];
}

/** A container on one network. */
export interface Endpoint {
  readonly networkId: string;
  readonly networkName: string;
  readonly addresses: readonly EndpointAddress[];
  readonly aliases: readonly string[];
}

export interface EndpointAddress {
  readonly text: string;
  /** Undefined where the engine does not say. */
  readonly prefixLength: number | undefined;
}

export interface PublishedPort {
  /** Such as `80/tcp`. */
  readonly port: string;
  /** Empty, `0.0.0.0` or `::` for all addresses of the host. */
  readonly hostAddress: string;
  readonly hostPort: number;
}

/** The id of the container whose network it shares (`--network container:ID`), else undefined. */
export function joinedContainer({ networkMode }: Inspection): string | undefined {
  return networkMode.startsWith('container:') ? networkMode.slice('container:'.length) : undefined;
}
