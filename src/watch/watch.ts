import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Engine } from './engine.ts';
import type { WatchOptions } from './options.ts';
import type { WatchSink } from './sink.ts';

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

/** Follows one container engine and tells the sink, as soon as it is known, what runs on this host. */
export class Watch {
  constructor(_parts: { engine: Engine; sink: WatchSink; options: WatchOptions; clock: Clock; log: Log }) {}

  /** Begins to look for the engine and never gives up; a second call does nothing. */
  start(): void {}

  /** Resolves when nothing is open any more; the sink hears nothing after the call. May be called twice. */
  async stop(): Promise<void> {}

  status(): EngineStatus {
    return { connected: false, address: '', containers: 0, counts: {} };
  }
}
