import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Whether this system tells what a process has used. Where it does not, those figures are left out. */
export const canLookInside = existsSync("/proc/self/stat");

// /proc counts in these, whatever the kernel's own tick is.
const ticksPerSecond = 100;

/**
 * Milliseconds of CPU that these processes and all below them have used. Children that ended are
 * in it: the kernel adds what they used to their parent.
 */
export function cpuMs(roots: readonly number[]): number {
  const ticks = tree(roots).flatMap((pid) => statOf(pid)?.ticks ?? []);
  return (ticks.reduce((sum, each) => sum + each, 0) / ticksPerSecond) * 1000;
}

/** Memory in MB that these processes and all below them hold. */
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
  // The second field is the program's name in brackets, and may hold anything.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields.length < 15) return null;
  const used = fields.slice(11, 15).map(Number);
  return { parent: Number(fields[1]), ticks: used.reduce((sum, each) => sum + each, 0) };
}

/** Nothing, when the process ended in between. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
