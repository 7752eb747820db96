import { afterEach, expect, it } from "vitest";
import { bounds } from "@/lib/core/policy";
import type { Log } from "@/lib/runtime/ports";
import { logPrintedTexts } from "./printed-texts";

const events: [keyof Log, string, Record<string, unknown> | undefined][] = [];
const log: Log = {
  info: (...event) => void events.push(["info", ...event] as (typeof events)[number]),
  warn: (...event) => void events.push(["warn", ...event] as (typeof events)[number]),
  error: (...event) => void events.push(["error", ...event] as (typeof events)[number]),
};

let undo = () => {};
afterEach(() => {
  undo();
  events.length = 0;
});

it("makes one event of whatever a package prints, and of nothing none", () => {
  undo = logPrintedTexts(log);
  console.error(new Error("Invalid Server Actions request."));
  console.warn("\x1b[33m⚠\x1b[39m Missing `origin` header\n");
  console.log("%s took %d ms", "It", 5);
  console.info("");
  console.warn('Failed to find "\n{"event":"forged"}"', { code: 1 });
  console.error("x".repeat(bounds.printedLength + 1));
  expect(events).toEqual([
    ["error", "console.printed", { text: expect.stringMatching(/^Error: Invalid Server Actions/) }],
    ["warn", "console.printed", { text: "⚠ Missing `origin` header" }],
    ["info", "console.printed", { text: "It took 5 ms" }],
    ["warn", "console.printed", { text: 'Failed to find "\n{"event":"forged"}" { code: 1 }' }],
    ["error", "console.printed", { text: "x".repeat(bounds.printedLength) }],
  ]);
});

it("makes an event of a warning of Node, and prints it no more", async () => {
  undo = logPrintedTexts(log);
  const warned = new Promise((resolve) => process.once("warning", resolve));
  process.emitWarning("Too many listeners");
  await warned;
  expect(events).toEqual([
    ["warn", "console.printed", { text: expect.stringContaining("Too many listeners") }],
  ]);
});

it("can be undone", () => {
  const { error } = console;
  const listeners = process.listeners("warning");
  logPrintedTexts(log)();
  expect(console.error).toBe(error);
  expect(process.listeners("warning")).toEqual(listeners);
});
