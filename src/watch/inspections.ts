/**
 * Questions about single containers: a bounded number at once, one at a time for each container, and one for all who
 * ask before it is sent. What is urgent goes first.
 */
export class Inspections {
  readonly #inspect: (id: string) => Promise<void>;
  readonly #atOnce: number;
  readonly #urgent = new Map<string, Waiting>();
  readonly #patient = new Map<string, Waiting>();
  readonly #sent = new Set<string>();

  /** `inspect` asks the engine and puts the answer to use; it never rejects. */
  constructor(inspect: (id: string) => Promise<void>, atOnce: number) {
    this.#inspect = inspect;
    this.#atOnce = atOnce;
  }

  /** Resolves when a question sent after this call has been dealt with. */
  request(id: string, urgency: 'urgent' | 'patient'): Promise<void> {
    const waiting = this.#urgent.get(id) ?? this.#patient.get(id) ?? newWaiting();
    const queue = urgency === 'urgent' || this.#urgent.has(id) ? this.#urgent : this.#patient;
    this.#patient.delete(id);
    queue.set(id, waiting);
    this.#sendNext();
    return waiting.done;
  }

  /** Forgets what was not sent yet. */
  clear(): void {
    for (const queue of [this.#urgent, this.#patient]) {
      for (const waiting of queue.values()) waiting.finish();
      queue.clear();
    }
  }

  #sendNext(): void {
    while (this.#sent.size < this.#atOnce) {
      const next = this.#takeFrom(this.#urgent) ?? this.#takeFrom(this.#patient);
      if (next === undefined) return;
      const [id, waiting] = next;
      this.#sent.add(id);
      void this.#inspect(id).finally(() => {
        this.#sent.delete(id);
        waiting.finish();
        this.#sendNext();
      });
    }
  }

  #takeFrom(queue: Map<string, Waiting>): [string, Waiting] | undefined {
    for (const entry of queue) {
      if (this.#sent.has(entry[0])) continue;
      queue.delete(entry[0]);
      return entry;
    }
    return undefined;
  }
}

interface Waiting {
  readonly done: Promise<void>;
  readonly finish: () => void;
}

function newWaiting(): Waiting {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { done: promise, finish: resolve };
}
