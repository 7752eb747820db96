/**
 * `node scripts/watchdog.mjs <mark> <folder>`: ends what a test run started, once that run is over.
 * scripts/test-run.mjs starts it. It waits for the end of its standard input, which comes however
 * the run ends: also when it is killed and can do nothing itself.
 *
 * What belongs to the run is known by two things. On Linux, `mark` stands in the environment of
 * each of its processes; descendants of those belong to it too. Everywhere, the run tells the
 * process groups that it starts and ends: "+123" and "-123", one a line.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const [mark, folder] = process.argv.slice(2);
const runTimeout = 5_000;

/** Whoever started the run may have closed what we write to. */
process.stderr.on("error", () => {});

let told = "";
for await (const chunk of process.stdin) told += chunk;
const groups = new Set();
for (const logLine of told.split("\n").filter(Boolean)) {
  const group = Number(logLine.slice(1));
  if (logLine.startsWith("+")) groups.add(group);
  else groups.delete(group);
}

/** Every process on this machine, from /proc. */
function processes() {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const stat = read(`/proc/${name}/stat`);
      // The name of the program stands in brackets, and may contain any character.
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

/** A process that ends while it is looked at is no error, nor is one that we may not look into. */
function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

// Kept from one look to the next: who was a descendant stays one when its parent has ended.
const ours = new Set();

/** What to send signals to: processes, or where there is no /proc, process groups. */
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
    return false; // It has ended meanwhile, or is another user's.
  }
}

/** Sends a signal to all that remains, again and again, until nothing does or time is up. */
async function end(signal) {
  const until = Date.now() + runTimeout;
  let last = [];
  for (let left = remaining(); left.length > 0 && Date.now() < until; left = remaining()) {
    // Once each: a second SIGTERM means "at once" to some programs.
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
    `Ended what the run had left behind:\n${names.map((name) => `  ${name.slice(0, 160)}\n`).join("")}`,
  );
