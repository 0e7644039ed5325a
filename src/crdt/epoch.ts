/**
 * Epochs of a host are numbers that only grow. The upper part counts; the lower 20 bits are chance, so that two lives
 * of a host that lost its counter never share an epoch with different contents.
 */
const chances = 2 ** 20;

/** The smallest count above `previous`, with new chance; `random` is in [0, 1). */
export function nextEpoch(previous: number, random: number): number {
  return (Math.floor(previous / chances) + 1) * chances + Math.floor(random * chances);
}

/** The smallest number above `previous` with the chance of `epoch`, by the same count. */
export function epochLike(epoch: number, previous: number): number {
  return nextEpoch(previous, (epoch % chances) / chances);
}
