/** Acts on a list part by part; between two parts the loop turns, so that whatever waits in sockets is looked at. */
export async function inParts<T>(list: readonly T[], size: number, act: (part: readonly T[]) => void): Promise<void> {
  act(list.slice(0, size));
  for (let from = size; from < list.length; from += size) {
    await nextTurn();
    act(list.slice(from, from + size));
  }
}

/** Runs what it is given one after another: each when the one before has ended, however that ended, and the loop has turned. */
export function inTurn(): <T>(act: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (act) => {
    const turn = last.then(act);
    last = turn.then(nextTurn, nextTurn);
    return turn;
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
