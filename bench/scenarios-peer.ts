import type { Lab } from '../test/support/lab/lab.ts';

/** A container that a scenario wants. */
export interface Wish {
  /** Counted from 1. */
  readonly host: number;
  readonly container: string;
  /** What others call it; containers may share it. */
  readonly name: string;
  /** Takes so long to stop, as one with connections does. */
  readonly graceSeconds?: number;
  /** Healthy while it has the file `wellFile`. */
  readonly checked?: boolean;
  /** Offers `_http._tcp` at this port. */
  readonly httpPort?: number;
}

/** What a container with a health check looks for in itself. */
export const wellFile = '/tmp/well';

/** Something that resolves containers' names, on three hosts of a lab of its own, with a container `asker` on each. */
export interface Peer extends AsyncDisposable {
  readonly title: string;
  /** How it is set up, in a sentence for the reader of the table. */
  readonly setup: string;
  /** Why it does not know the containers of other hosts, why it answers unhealthy ones, …: said where a try shows it. */
  readonly reasons: Readonly<Record<'across' | 'gone' | 'health' | 'srv', string>>;
  readonly lab: Lab;
  readonly containers: Containers;
  /** Whether a person has to tell it of every container; one that knows them by itself has no `operator`. */
  readonly operator?: Operator;
  /** Runs a container, and tells nobody of it but the engine. */
  start(wish: Wish): Promise<Running>;
  /** The name as it is asked for. */
  question(name: string): string;
  /** Whom the containers of a host ask. */
  server(host: number): string;
  /** Stops the resolver of host 1 and starts it again. */
  restart(): Promise<void>;
  /** Puts a new one in its place without a stop; missing where there is no such way. */
  upgrade?(): Promise<void>;
}

/** What a person does on every host: writes down which containers there are, and makes the resolver read it. */
export type Operator = (records: readonly Running[]) => Promise<void>;

/** A container that was started. */
export interface Running {
  readonly host: number;
  readonly container: string;
  readonly name: string;
  readonly address: string;
  /** When its engine says that it started, in milliseconds since 1970. */
  readonly startedAt: number;
}

/** The engines of a lab's hosts. */
export interface Containers {
  run(host: number, words: readonly string[]): Promise<string>;
  /** The `State` of a container, and its address. */
  inspect(host: number, container: string): Promise<Inspected>;
  /** Has the health check of a container run at least once more. */
  check(host: number, container: string): Promise<void>;
}

/** What a scenario wants to know about a container; times are in milliseconds since 1970. */
export interface Inspected {
  readonly pid: string;
  readonly address: string;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly health: string | undefined;
  /** When the last run of its health check ended. */
  readonly checkedAt: number;
}
