/** Counts those who wait for answers, in all and for each client. */
export class Passengers {
  readonly #byClient = new Map<string, number>();
  #all = 0;

  get all(): number {
    return this.#all;
  }

  of(client: string): number {
    return this.#byClient.get(client) ?? 0;
  }

  enter(client: string): void {
    this.#all++;
    this.#byClient.set(client, this.of(client) + 1);
  }

  leave(client: string): void {
    this.#all--;
    const left = this.of(client) - 1;
    if (left > 0) this.#byClient.set(client, left);
    else this.#byClient.delete(client);
  }
}
