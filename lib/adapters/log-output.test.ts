import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { bounds } from "@/lib/core/policy";
import { createLog } from "./log";

let folder: string;
let file: string;
let output: number;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(tmpdir(), "latchkey-log-"));
  file = path.join(folder, "log");
  output = fs.openSync(file, "w");
});
afterEach(() => {
  vi.restoreAllMocks();
  fs.closeSync(output);
  fs.rmSync(folder, { recursive: true });
});

const events = () =>
  fs
    .readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((logLine) => (JSON.parse(logLine) as { event: string }).event);

function failWritesWith(code: string) {
  return vi.spyOn(fs, "writeSync").mockImplementation(() => {
    throw Object.assign(new Error(code), { code });
  });
}

it.each(["ENOSPC", "EDQUOT", "EIO", "EPIPE"])(
  "a log that cannot be written (%s) fails no request",
  (code) => {
    const log = createLog({ logLevel: "info" }, output);
    failWritesWith(code);
    for (let i = 0; i < 3; i += 1) expect(() => log.info("test.happened")).not.toThrow();
  },
);

it("lines wait for a full disk to have space again, in their order and within a bound", () => {
  const log = createLog({ logLevel: "info" }, output);
  const failing = failWritesWith("ENOSPC");
  log.info("test.first");
  log.info("test.second");
  for (let n = 0; n < 3; n += 1)
    log.info("test.long", { text: "x ".repeat(bounds.logBufferBytes / 4) });
  failing.mockRestore();
  log.info("test.last");
  expect(events()).toEqual(["test.first", "test.second", "test.long", "test.last"]);
});
