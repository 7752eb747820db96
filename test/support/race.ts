import { test } from "vitest";

const few = 4;
const many = 20;

/** Concurrent requests in a random order: some rounds in `npm test`, many in the long part. */
export function race(title: string, round: (number: number) => Promise<void>): void {
  const rounds = (count: number) => async () => {
    for (let number = 1; number <= count; number += 1) await round(number);
  };
  test(title, rounds(few));
  test(`${title}, ${many} times`, { tags: ["long"] }, rounds(many));
}
