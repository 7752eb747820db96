/**
 * `node scripts/watchdog.mjs <mark> <folder>`: ends the processes of a test run once the run is over.
 * scripts/test-run.mjs starts it. It waits for the end of its standard input, which also comes when
 * the run is killed.
 *
 * On Linux, the processes of the run have `mark` in their environment, and their descendants belong
 * to it too. On every system, the run also sends the process groups that it starts and ends: "+123"
 * and "-123", one per line.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const [mark, folder] = process.argv.slice(2);
const runTimeout = 5_000;

/** The terminal of the run may be closed. */
process.stderr.on("error", () => {});

let input = "";
for await (const chunk of process.stdin) input += chunk;
const groups = new Set();
for (const message of input.split("\n").filter(Boolean)) {
  const group = Number(message.slice(1));
  if (message.startsWith("+")) groups.add(group);
  else groups.delete(group);
}

/** Every process on this machine, from /proc. */
function processes() {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = read(`/proc/${name}/stat`);
      // The program's name is in brackets, and may contain any character.
      const [state, parent, group, ...more] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (!state || state === "Z") return [];
      const startedAt = more[16];
      return [
        {
          id: `${name} ${startedAt}`,
          pid: Number(name),
          parent: Number(parent),
          group: Number(group),
        },
      ];
    });
}

const isMarked = ({ pid }) => read(`/proc/${pid}/environ`).split("\0").includes(mark);

/** An empty text when the process has ended or is not readable. */
function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

// Remembered between calls: a descendant still belongs to the run after its parent has ended.
const ours = new Set();

/** The remaining processes, or without /proc, the remaining process groups. */
function remaining() {
  if (!existsSync("/proc/self/stat")) return [...groups].filter(exists).map((group) => -group);
  const all = processes().filter(({ pid }) => pid !== process.pid);
  const found = new Map();
  const add = (one) => {
    if (found.has(one.pid)) return;
    ours.add(one.id);
    found.set(one.pid, one);
    all.filter(({ parent }) => parent === one.pid).forEach(add);
  };
  all
    .filter((one) => ours.has(one.id) || groups.has(one.group) || isMarked(one))
    .forEach((one) => add(one));
  return [...found.keys()];
}

function exists(group) {
  return send(-group, 0);
}

function send(target, signal) {
  try {
    return process.kill(target, signal);
  } catch {
    return false; // It has ended, or belongs to another user.
  }
}

/** Sends a signal to every remaining process, until none remains or the time is up. */
async function end(signal) {
  const until = Date.now() + runTimeout;
  let last = [];
  for (let left = remaining(); left.length > 0 && Date.now() < until; left = remaining()) {
    // Sent once to each process, because some programs treat a second SIGTERM as a forced exit.
    const fresh = signal === "SIGKILL" ? left : left.filter((target) => !last.includes(target));
    for (const target of fresh) send(target, signal);
    last = [...last, ...fresh];
    await sleep(50);
  }
}

const names = remaining().map((target) =>
  target > 0 ? read(`/proc/${target}/cmdline`).replaceAll("\0", " ").trim() : `group ${-target}`,
);
await end("SIGTERM");
await end("SIGKILL");
rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
if (names.length > 0)
  process.stderr.write(
    `Ended the remaining processes of the run:\n${names.map((name) => `  ${name.slice(0, 160)}\n`).join("")}`,
  );
