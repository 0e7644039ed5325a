import { isDeepStrictEqual } from 'node:util';
import { type Address, type HostRecord, type Network, parseAddress } from './record.ts';

export interface OwnRecordParts {
  /** What stays as it is while an agent runs. */
  readonly origin: Pick<HostRecord, 'name' | 'version' | 'startedAt'>;
  /** Where others can dial this host. */
  readonly meshAddresses: () => readonly string[];
  readonly publish: (record: HostRecord) => void;
}

/** What this host says of itself to the mesh. */
export class OwnRecord {
  readonly #parts: OwnRecordParts;
  /** This host's networks, as its engine tells. */
  networks: readonly Network[] = [];
  /** Nobody knows which of its containers still run. */
  unwatched = false;
  #told: HostRecord | undefined;

  constructor(parts: OwnRecordParts) {
    this.#parts = parts;
  }

  /** What was published last. */
  get told(): HostRecord | undefined {
    return this.#told;
  }

  /** Where others reach the host itself: its first mesh address. */
  get address(): Address | undefined {
    const [first = ''] = this.#parts.meshAddresses();
    const parsed = parseAddress(first.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
    return parsed.ok ? parsed.value : undefined;
  }

  /** Publishes what is true now, when it is something else than before. */
  tell(): void {
    const { origin, meshAddresses, publish } = this.#parts;
    const { address } = this;
    const record: HostRecord = {
      ...origin,
      meshAddresses: meshAddresses(),
      networks: this.networks,
      ...(address && { address }),
      ...(this.unwatched && { unwatched: true }),
    };
    if (isDeepStrictEqual(record, this.#told)) return;
    this.#told = record;
    publish(record);
  }
}
