import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { days, hours, inWords, minutes, seconds } from "./duration";

describe("a time to wait, as people read it", () => {
  it.each([
    [seconds(0), "0 seconds"],
    [seconds(1), "1 second"],
    [seconds(59), "59 seconds"],
    [seconds(60), "1 minute"],
    [seconds(61), "2 minutes"],
    [minutes(10), "10 minutes"],
    [seconds(3_599), "60 minutes"],
    [hours(1), "1 hour"],
    [seconds(3_601), "2 hours"],
    [hours(24), "1 day"],
    [hours(25), "2 days"],
    [days(30), "30 days"],
    [seconds(0.2), "1 second"],
  ])("shows %i seconds as %s", (duration, expected) => expect(inWords(duration)).toBe(expected));

  it("is translated into other languages", () => {
    expect(inWords(minutes(12), "de")).toBe("12 Minuten");
  });

  it("is never too short: a person who waits as stated is not refused again", () => {
    const lengths = { second: 1, minute: 60, hour: 3_600, day: 86_400 };
    fc.assert(
      fc.property(fc.nat(90 * 86_400), (length) => {
        const [count = "", unit = ""] = inWords(seconds(length)).split(" ");
        const shownSeconds =
          Number(count.replaceAll(",", "")) *
          lengths[unit.replace(/s$/, "") as keyof typeof lengths];
        expect(shownSeconds).toBeGreaterThanOrEqual(length);
      }),
    );
  });
});

it("an hour is sixty minutes, a day is twenty-four hours", () => {
  expect([minutes(1), hours(1), days(1)]).toEqual([60, 3_600, 86_400]);
});
