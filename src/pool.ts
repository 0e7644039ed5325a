/** Most texts in one generation of a pool: those of a few thousand containers, and what thousands have in common. */
const maxTexts = 4_096;
/** Longer texts are not pooled: few of them repeat, and whoever makes up long ones would fill a pool with them. */
const maxPooled = 512;

/** What empties each pool of this thread. */
const pools: (() => void)[] = [];

/** Empties all pools of this thread: after a large load they hold on to much that does not come again. */
export function emptyPools(): void {
  for (const empty of pools) empty();
}

/**
 * What is made of a text, made once for all equal ones; `make` may throw, and then nothing is kept. Names, images and
 * networks repeat from container to container, and a mesh of 50,000 containers holds them in 20 MB less than as parts of
 * the messages that brought them. What is not asked for while thousands of others are is let go; who has it has it still.
 */
export function poolOf<T>(make: (text: string) => T): (text: string) => T {
  let recent = new Map<string, T>();
  let older = new Map<string, T>();
  pools.push(() => {
    [older, recent] = [new Map(), new Map()];
  });
  return (text) => {
    if (text.length > maxPooled) return make(text);
    const known = recent.get(text);
    if (known !== undefined) return known;
    // What comes up again and again passes from generation to generation.
    const value = older.get(text) ?? make(text);
    if (recent.size >= maxTexts) [older, recent] = [recent, new Map()];
    recent.set(text, value);
    return value;
  };
}
