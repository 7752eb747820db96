import fs from "node:fs";
import { vi } from "vitest";

/** Keeps what is written on standard output, and writes none of it. Other files are written. */
export function captureLogLines() {
  const logLines: string[] = [];
  const { writeSync } = fs;
  const spy = vi.spyOn(fs, "writeSync").mockImplementation(((file: number, ...rest: [string]) => {
    if (file !== 1) return writeSync(file, ...rest);
    logLines.push(String(rest[0]));
    return Buffer.byteLength(rest[0]);
  }) as typeof fs.writeSync);
  return { logLines, restore: () => spy.mockRestore() };
}
