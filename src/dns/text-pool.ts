/** Texts that are looked for again: those of a few hundred containers, and what thousands have in common. */
const maxTexts = 8_192;
const nothing: readonly unknown[] = [];

/**
 * What another thread sends is a copy in which each text has memory of its own, however often it repeats: the host,
 * image and networks of every container, two thirds of what a thread would keep.
 */
export class TextPool {
  private readonly texts = new Map<string, string>();

  /** Puts each text inside `value` into the memory of an equal one that came before, and all empty lists into one. */
  settle(value: object): void {
    for (const key of Object.keys(value)) {
      const inner: unknown = Reflect.get(value, key);
      if (typeof inner === 'string') Reflect.set(value, key, this.pooled(inner));
      else if (Array.isArray(inner) && inner.length === 0) Reflect.set(value, key, nothing);
      else if (typeof inner === 'object' && inner !== null) this.settle(inner);
    }
  }

  private pooled(text: string): string {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    if (this.texts.size >= maxTexts) this.texts.clear();
    this.texts.set(text, text);
    return text;
  }
}
