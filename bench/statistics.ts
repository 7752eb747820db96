/** The value below which that share of the values lies, between neighbours in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const serverAddress = (sorted.length - 1) * share;
  const below = sorted[Math.floor(serverAddress)] ?? NaN;
  const above = sorted[Math.ceil(serverAddress)] ?? NaN;
  return below + (above - below) * (serverAddress % 1);
}

export const median = (values: readonly number[]) => quantile(values, 0.5);

/**
 * How well a guesser tells two kinds apart by one value: the chance that one of `a` is above one of
 * `b`. 0.5 is a coin, 0 and 1 are certainty. (Area under the ROC curve; ties count half.)
 */
export function auc(a: readonly number[], b: readonly number[]): number {
  let wins = 0;
  for (const one of a) for (const other of b) wins += one > other ? 1 : one === other ? 0.5 : 0;
  return wins / (a.length * b.length);
}

/** In random order, so that whatever drifts during a round favours nobody. */
export function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
