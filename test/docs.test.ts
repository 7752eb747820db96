import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

/**
 * The documents name files, code, commands and requirements. These tests compare the names with the
 * code. The changelog and the decision records are history, so only their links are checked.
 */

const folders = [
  ..."app db e2e emails bench lib messages public scripts test".split(" ").filter(existsSync),
  ..."deploy examples .github".split(" ").filter(existsSync),
  ".ci",
  "docs",
];
const allFiles = [
  ...readdirSync(".", { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name),
  ...folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) =>
      path.join(folder, file).replaceAll("\\", "/"),
    ),
  ),
  // Such as the build of the bare Next app in bench.
].filter((file) => !/(^|\/)node_modules\//.test(file));

const read = (file: string) => readFileSync(file, "utf8");
/** Without the files that contain old names on purpose: migrations, the list of retired words, this test. */
const codeFiles = allFiles.filter(
  (file) =>
    /\.(tsx?|mjs|cjs|js|css|ya?ml|conf|service|sh)$|^package\.json$|[A-Z][a-z]+file$/.test(file) &&
    !/^db\/migrations\/|^scripts\/words\.mjs$|^test\/docs\.test\.ts$|^next-env\.d\.ts$/.test(file),
);

const withoutComments = (text: string) =>
  text.replace(/(^|\s)\/\*[^]*?\*\//g, "$1").replace(/(^|\s)\/\/.*$/gm, "$1");
const code = codeFiles.map((file) => withoutComments(read(file))).join("\n");

const manifest = JSON.parse(read("package.json")) as {
  version: string;
  scripts: Record<string, string>;
};

const liveDocuments = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...allFiles.filter((file) => /^docs\/[^/]+\.md$/.test(file)),
];
const records = allFiles.filter((file) => /^docs\/decisions\/\d{4}-.*\.md$/.test(file));

/** Names of standards and other programs, which our code does not contain. */
const foreignNames = new Set(["__Host-", "autovacuum"]);

const codeSpans = (markdown: string) =>
  [...markdown.replace(/^```[^]*?^```/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!);

/** The commands of code blocks and code spans. */
const commandsOf = (markdown: string) => [
  ...[...markdown.matchAll(/^```sh\n([^]*?)^```/gm)].flatMap(([, block]) => block!.split("\n")),
  ...codeSpans(markdown),
];

const globPattern = (glob: string) =>
  new RegExp(`(^|/)${glob.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);

function isFile(name: string): boolean {
  if (name.includes("*")) return allFiles.some((file) => globPattern(name).test(file));
  if (existsSync(name)) return true;
  // A bare name may mean a file in the folder that the sentence is about.
  return !name.includes("/") && allFiles.some((file) => path.basename(file) === name);
}

const looksLikeFile = (span: string) =>
  /\.(tsx?|mjs|cjs|js|json|jsonc|md|css|png|sql|ya?ml)$|^Dockerfile$/.test(span) ||
  /^[\w.@()-]+\/.*\/?$/.test(span);

const occursInCode = (name: string) => {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\w$])${escaped}(?![\\w$])`, "i").test(code);
};

/** The names in an example: calls, and words that look like identifiers. */
const namesInExample = (span: string) =>
  [...span.matchAll(/([A-Za-z_][\w]*(?:\.[A-Za-z_][\w]*)*)(\()?/g)]
    .filter(([, name, call]) => call || /[a-z][A-Z]|_|\w\.\w/.test(name!))
    .map(([, name]) => name!);

/** A command that `package.json` does not have. */
function unknownCommand(command: string): string | null {
  const [, script] = /^npm (?:run )?(?:--silent )?([\w:*-]+)/.exec(command.trim()) ?? [];
  if (!script || ["audit", "ci", "install"].includes(script)) return null;
  const pattern = new RegExp(`^${script.replaceAll("*", ".+")}$`);
  const known = Object.keys(manifest.scripts).some((name) => pattern.test(name));
  return known ? null : `${command}: no such script`;
}

/** The test files that the arguments of `vitest run` or `npm test -- --only=…` select. */
function unknownTestPath(command: string): string | null {
  if (!/vitest run|--only=/.test(command)) return null;
  const wrong = command
    .split(/\s+/)
    .filter((word) => word.includes("/"))
    .filter(
      (word) => !allFiles.some((file) => file.includes(word) && /\.(test|spec)\./.test(file)),
    );
  return wrong.length > 0 ? `${command}: no test matches ${wrong.join(", ")}` : null;
}

function problemWith(span: string): string | null {
  if (/:\/\/|[…<>]/.test(span) || foreignNames.has(span)) return null;
  if (/^(npm|npx|node) /.test(span)) return unknownCommand(span) ?? unknownTestPath(span);
  if (/^[a-z]+:[a-z]+$/.test(span)) return unknownCommand(`npm run ${span}`);
  if (looksLikeFile(span))
    return isFile(span) || code.includes(`"${span}"`) ? null : `${span}: no such file`;
  // Pages and paths of the API, without their parameters.
  if (span.startsWith("/"))
    return code.includes(span.split(/[?{]/)[0]!) || isRoute(span) ? null : `${span}: no such path`;
  const isName = /^[\w$.@:-]+(\(\))?$/.test(span);
  const names = isName ? [span.replace(/\(\)$/, "")] : namesInExample(span);
  const wrong = names.filter((name) => !occursInCode(name));
  return wrong.length > 0 ? `${wrong.join(", ")}: not in the code` : null;
}

const pages = allFiles
  .filter((file) => /^app\/.*(page\.tsx|route\.ts)$/.test(file))
  .map((file) =>
    path
      .dirname(file)
      .replace(/^app/, "")
      .replace(/\/\([^)]*\)/g, ""),
  );
const isRoute = (span: string) =>
  pages.includes(span) || pages.some((page) => page.replace(/\/\[[^\]]+\]$/, "") === span);

const problemsOf = (markdown: string) =>
  [
    ...codeSpans(markdown).map(problemWith),
    ...commandsOf(markdown).map((command) => unknownCommand(command) ?? unknownTestPath(command)),
  ].filter((problem) => problem !== null);

describe("the documents name what exists", () => {
  it.each(liveDocuments)("%s", (file) => {
    expect(problemsOf(read(file))).toEqual([]);
  });

  it.each([
    "a file: `lib/core/polices.ts`",
    "a bare file: `polices.ts`",
    "files: `lib/**/*.spec.tsx`",
    "a folder: `lib/things/`",
    "a function: `handOverCookies`",
    "a call: `takeUserRow()`",
    "a call with an argument: `costlyHashes(world)`",
    "a name in an example: `const world = await setUpWorlds()`",
    "a flow: `oauth.begin`",
    "a variable: `EMAILS_PER_PERSON`",
    "a page: `/account/verify`",
    "a script: `npm run check:houses`",
    "a script: `db:repair`",
    "a command:\n```sh\nnpm run launch\n```\n",
    "a test: `npx vitest run --project unit lib/things`",
  ])("notices %s", (markdown) => {
    expect(problemsOf(markdown)).not.toEqual([]);
  });

  it.each([...liveDocuments, ...records, "CHANGELOG.md", "docs/decisions/README.md"])(
    "follows every link of %s",
    (file) => {
      const links = [...read(file).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, to]) => to!);
      const broken = links.filter((to) => !existsSync(path.join(path.dirname(file), to)));
      expect(broken).toEqual([]);
    },
  );
});

/** A sentence of ours as the code has it, where "…" stands for what differs. */
const isInCode = (sentence: string) => {
  const whole = sentence.replace(/^…|…$/g, "");
  const parts = whole.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(parts.join("[^\\n]*?")).test(code);
};

/** What is wrong with a quoted line: a sentence, or an event of the log as JSON. */
function problemWithQuote(quote: string): string | null {
  if (!quote.startsWith("{")) return isInCode(quote) ? null : `${quote}: not in the code`;
  const { level, event, ...facts } = JSON.parse(quote) as Record<string, unknown>;
  if (!new RegExp(`\\.${String(level)}\\(\\s*"${String(event)}"`).test(code))
    return `${String(event)}: not logged as ${String(level)}`;
  const wrong = Object.entries(facts).filter(
    ([name, value]) =>
      !occursInCode(name) || (/ .* /.test(String(value)) && !isInCode(String(value))),
  );
  return wrong.length > 0 ? `${JSON.stringify(Object.fromEntries(wrong))}: not in the code` : null;
}

const quotesIn = (markdown: string) =>
  [...markdown.matchAll(/^ *```text\n([^]*?)^ *```/gm)]
    .flatMap(([, block]) => block!.split("\n"))
    .filter(Boolean);

describe("the page for troubleshooting quotes what people see", () => {
  const quotes = quotesIn(read("docs/troubleshoot.md"));

  it("in every section", () => {
    const sections = read("docs/troubleshoot.md").split(/^## /m).slice(1);
    const without = sections.filter((section) => quotesIn(section).length === 0);
    expect(without).toEqual([]);
  });

  it.each(quotes)("%s", (quote) => {
    expect(problemWithQuote(quote)).toBeNull();
  });

  it.each([
    "Port … is taken.",
    "Nothing accepts connections where … leads to. Restart it.",
    '{"level":"warn","event":"letter.sent"}',
    '{"level":"info","event":"letter.lost"}',
    '{"level":"info","letterNumber":"…","event":"letter.sent"}',
    '{"level":"warn","advice":"Synchronize the watches of this machine.","event":"clock.differs"}',
  ])("notices %s", (quote) => {
    expect(problemWithQuote(quote)).not.toBeNull();
  });
});

describe("the code cites what is defined", () => {
  // Ids stand in parentheses: "(L5)", "(O3, A5)", "(R1–R3)", "(S4, decision 16)".
  const cited = codeFiles.flatMap((file) =>
    [...read(file).matchAll(/\(([A-Z]\d{1,2}(?=[,–) ])[^()\n]*)\)/g)].map(([, ids]) => ({
      file,
      ids: ids!,
    })),
  );

  it("requirements and invariants", () => {
    const defined = new Set(
      [...read("docs/requirements.md").matchAll(/^\| ([A-Z]\d{1,2}) /gm)].map(([, id]) => id),
    );
    const undefinedIds = cited.flatMap(({ file, ids }) =>
      (ids.match(/(?<![\w.-])[A-Z]\d{1,2}(?![\w.])/g) ?? [])
        .filter((id) => !defined.has(id))
        .map((id) => `${id} in ${file}`),
    );
    expect(cited.length).toBeGreaterThan(100);
    expect(undefinedIds).toEqual([]);
  });

  it("decisions", () => {
    const numbers = new Set(records.map((file) => Number(path.basename(file).slice(0, 4))));
    const undefinedDecisions = codeFiles.flatMap((file) =>
      [...read(file).matchAll(/\bdecision (\d+)\b/g)]
        .filter(([, number]) => !numbers.has(Number(number)))
        .map(([citation]) => `${citation} in ${file}`),
    );
    expect(undefinedDecisions).toEqual([]);
  });
});

describe("the decision records", () => {
  const rows = read("docs/decisions/README.md")
    .split("\n")
    .filter((row) => /^\| \d/.test(row))
    .map((row) =>
      row
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

  it("are listed in the index with title, date and status", () => {
    const declared = records.sort().map((file) => {
      const [, number, title] = /^# (\d+)\. (.+)$/m.exec(read(file)) ?? [];
      const [, date, status] = /^Date: (\d{4}-\d\d-\d\d)\. Status: (\w+)/m.exec(read(file)) ?? [];
      return [number, `[${title}](${path.basename(file)})`, date, status];
    });
    expect(rows).toEqual(declared);
  });

  it.each(records)("%s has the number of its file", (file) => {
    expect(read(file)).toMatch(new RegExp(`^# ${Number(path.basename(file).slice(0, 4))}\\. `));
  });
});

it("the changelog begins with the version of package.json", () => {
  expect(/^## (\d+\.\d+\.\d+) /m.exec(read("CHANGELOG.md"))?.[1]).toBe(manifest.version);
});
