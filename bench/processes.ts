import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Whether this system reports the usage of a process; otherwise these figures are left out. */
export const canLookInside = existsSync("/proc/self/stat");

// The unit of /proc, independent of the kernel's tick.
const ticksPerSecond = 100;

/**
 * CPU milliseconds of these processes and their descendants, including ended children, whose time the
 * kernel adds to the parent.
 */
export function cpuMs(roots: readonly number[]): number {
  const ticks = tree(roots).flatMap((pid) => statOf(pid)?.ticks ?? []);
  return (ticks.reduce((sum, each) => sum + each, 0) / ticksPerSecond) * 1000;
}

/** Memory in MB of these processes and their descendants. */
export function residentMb(roots: readonly number[]): number {
  const kilobytes = tree(roots).map((pid) => {
    const [, size] = /^VmRSS:\s+(\d+) kB$/m.exec(readIfThere(`/proc/${pid}/status`)) ?? [];
    return Number(size ?? 0);
  });
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1024;
}

function tree(roots: readonly number[]): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: statOf(Number(name))?.parent }));
  const found = [...roots];
  for (const pid of found)
    found.push(...parents.filter(({ parent }) => parent === pid).map(({ pid }) => pid));
  return found;
}

function statOf(pid: number): { parent: number; ticks: number } | null {
  const text = readIfThere(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets, and may contain any character.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields.length < 15) return null;
  const used = fields.slice(11, 15).map(Number);
  return { parent: Number(fields[1]), ticks: used.reduce((sum, each) => sum + each, 0) };
}

/** An empty text when the process has ended. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
