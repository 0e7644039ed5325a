/** Most texts shared at once by each pool; when it is full it begins anew, and what is shared already stays so. */
const maxTexts = 4_096;

/**
 * What is made of a text, made once for all equal ones; `make` may throw, and then nothing is kept. Names, images and
 * networks repeat from container to container, and a mesh of 50,000 containers holds them in 20 MB less than as parts of
 * the messages that brought them.
 */
export function poolOf<T extends string>(make: (text: string) => T): (text: string) => T {
  let made = new Map<string, T>();
  return (text) => {
    const known = made.get(text);
    if (known !== undefined) return known;
    const value = make(text);
    if (made.size >= maxTexts) made = new Map();
    made.set(text, value);
    return value;
  };
}
