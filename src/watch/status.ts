import type { Clock } from '../clock.ts';
import type { EngineVersion } from './decode.ts';

/** How it stands with the engine, for operators. */
export interface EngineStatus {
  /** Whether events flow and all records were compared with the engine's own listing since they began to. */
  readonly connected: boolean;
  /** Why not, in one sentence. */
  readonly problem?: string;
  /** Where it is looked for, such as `unix:///var/run/docker.sock`. */
  readonly address: string;
  readonly type?: 'docker' | 'podman';
  readonly version?: string;
  readonly apiVersion?: string;
  /** Containers with a record. */
  readonly containers: number;
  /** How far the last event lay back when it arrived, in milliseconds by the two wall clocks. */
  readonly eventLagMs?: number;
  /** Milliseconds since all records were last compared with the engine's own listing. */
  readonly comparedMsAgo?: number;
  /** What was counted since the start, by name. */
  readonly counts: Readonly<Record<string, number>>;
}

/** What is known of the connection to the engine while it comes and goes. */
export class Standing {
  connected = false;
  problem: string | undefined = 'not reached yet';
  version: EngineVersion | undefined;
  eventLagMs: number | undefined;
  readonly #clock: Clock;
  readonly #counts = new Map<string, number>();
  #comparedAt: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  compared(): void {
    this.#comparedAt = this.#clock.now();
    this.count('comparisons');
  }

  status(address: string, containers: number): EngineStatus {
    const { connected, problem, version, eventLagMs } = this;
    return {
      connected,
      ...(connected || problem === undefined ? {} : { problem }),
      address,
      ...version,
      containers,
      ...(eventLagMs === undefined ? {} : { eventLagMs }),
      ...(this.#comparedAt === undefined ? {} : { comparedMsAgo: this.#clock.now() - this.#comparedAt }),
      counts: Object.fromEntries(this.#counts),
    };
  }
}
