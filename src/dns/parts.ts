/** Acts on a list part by part; between two parts the loop turns, so that whatever waits in sockets is looked at. */
export async function inParts<T>(list: readonly T[], size: number, act: (part: readonly T[]) => void): Promise<void> {
  act(list.slice(0, size));
  for (let from = size; from < list.length; from += size) {
    await new Promise((resolve) => setImmediate(resolve));
    act(list.slice(from, from + size));
  }
}

/** Runs what it is given one after another, each when the one before has ended, however that ended. */
export function inTurn(): <T>(act: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (act) => {
    const turn = last.then(act);
    last = turn.catch(() => {});
    return turn;
  };
}
