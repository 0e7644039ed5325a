/**
 * The container engine as this room needs it: six questions of the Docker HTTP API, all of them reads. Answers are
 * what the engine said, parsed as JSON and nothing more: only the decoders of this room say what they mean.
 * Every question ends when `signal` is aborted, and rejects with an `EngineError` when it gets no answer.
 */
export interface Engine {
  /** Where it is looked for, such as `unix:///var/run/docker.sock`; for people. */
  readonly address: string;
  /** `GET /version`: who it is. */
  version(signal: AbortSignal): Promise<unknown>;
  /** `GET /containers/json`: a summary of every container that runs. */
  containers(signal: AbortSignal): Promise<unknown>;
  /** `GET /containers/{id}/json`: all about one container; undefined when there is none with this id. */
  inspect(id: string, signal: AbortSignal): Promise<unknown>;
  /** `GET /networks`: every network. */
  networks(signal: AbortSignal): Promise<unknown>;
  /** `GET /networks/{id}`: one network with the containers that are on it. */
  network(id: string, signal: AbortSignal): Promise<unknown>;
  /**
   * `GET /events`: bytes of JSON lines, what happened from `sinceSeconds` (of its own clock, since 1970) until the
   * connection ends, whether it is then cut off in the middle of a line or not.
   */
  events(sinceSeconds: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Gives back idle connections. */
  close(): void;
}

/** Why a question to the engine got no answer. */
export class EngineError extends Error {
  /** The HTTP status, where the engine (or a proxy before it) refused. */
  readonly status: number | undefined;

  constructor(message: string, { status, cause }: { status?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = 'EngineError';
    this.status = status;
  }
}
