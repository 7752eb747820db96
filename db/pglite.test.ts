import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { sql } from "drizzle-orm";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { rows } from "./rows";
import { EmbeddedDatabaseError, openPglite } from "./pglite";

const root = mkdtempSync(path.join(tmpdir(), "latchkey-pglite-"));
const original = path.join(root, "original");
let copies = 0;

/** A copy of a closed database with one row. */
function copyOfOriginal() {
  const directory = path.join(root, `copy-${(copies += 1)}`);
  cpSync(original, directory, { recursive: true });
  return { directory, file: (name: string) => path.join(directory, "pglite", name) };
}

const namesOf = async (directory: string) => {
  const { db, close } = await openPglite({ directory });
  const found = await rows<{ name: string }>(db, sql`select name from people`);
  await close();
  return found.map(({ name }) => name);
};

/** All files with their sizes. */
const filesOf = (directory: string) =>
  readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((file) => [file, statSync(path.join(directory, file)).size])
    .sort();

async function refusalOf(directory: string): Promise<string> {
  const error = await openPglite({ directory }).then(
    async ({ close }) => close(),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EmbeddedDatabaseError);
  return (error as Error).message;
}

beforeAll(async () => {
  // What a creation that was interrupted leaves behind: the next start creates the database from the start.
  mkdirSync(path.join(original, "pglite.new/base"), { recursive: true });
  writeFileSync(path.join(original, "pglite.new/PG_VERSION"), "17");
  const { db, close } = await openPglite({ directory: original });
  await db.execute(sql`create table people (name text)`);
  await db.execute(sql`insert into people values ('ada')`);
  await close();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

test("a database keeps its rows when it is closed and opened, also after an interrupted creation", async () => {
  expect(await namesOf(original)).toEqual(["ada"]);
  expect(readdirSync(original)).not.toContain("pglite.new");
});

describe("a directory that is an incomplete database is refused, and not changed", () => {
  let directory: string;
  let file: (name: string) => string;
  beforeAll(() => ({ directory, file } = copyOfOriginal()));

  test.each([
    "PG_VERSION",
    "base",
    "global/pg_control",
    "global",
    "pg_multixact",
    "pg_wal",
    "pg_xact",
    "postgresql.conf",
  ])("%s is missing", async (part) => {
    const away = path.join(root, "away");
    renameSync(file(part), away);
    const before = filesOf(file(""));
    const message = await refusalOf(directory);
    expect(message).toContain(`${part} is missing`);
    expect(message).toContain("Restore the whole directory from a backup.");
    expect(filesOf(file(""))).toEqual(before);
    renameSync(away, file(part));
  });

  test("a WAL segment is truncated", async () => {
    const [segment] = readdirSync(file("pg_wal")).filter((name) => /^[0-9A-F]{24}$/.test(name));
    truncateSync(file(`pg_wal/${segment}`), 1_000_000);
    const before = filesOf(file(""));
    expect(await refusalOf(directory)).toContain(`pg_wal/${segment} is truncated`);
    expect(filesOf(file(""))).toEqual(before);
  });

  test("all WAL segments are missing", async () => {
    for (const name of readdirSync(file("pg_wal")))
      rmSync(file(`pg_wal/${name}`), { recursive: true });
    expect(await refusalOf(directory)).toContain("pg_wal has no segment");
  });

  test("only one file is left", async () => {
    const directory = path.join(root, "one-file");
    mkdirSync(path.join(directory, "pglite/base/5"), { recursive: true });
    writeFileSync(path.join(directory, "pglite/base/5/1259"), "x");
    expect(await refusalOf(directory)).toContain("PG_VERSION is missing");
  });
});

describe("files that the engine cannot use", () => {
  test("of another major version get the advice to export them", async () => {
    const { directory, file } = copyOfOriginal();
    writeFileSync(file("PG_VERSION"), "12\n");
    const message = await refusalOf(directory);
    expect(message).toContain("incompatible with server");
    expect(message).toContain("Export the data with that version, or move the directory away");
  });

  test("for another reason: it is named, and nobody is told to move data away", async () => {
    const { directory, file } = copyOfOriginal();
    writeFileSync(file("global/pg_control"), Buffer.alloc(8192, 7));
    const message = await refusalOf(directory);
    expect(message).toMatch(/cannot be opened: .*(checksum|incompatible|control)/);
    expect(message).not.toContain("PGlite failed to initialize properly");
  });

  test("leave the directory unlocked", async () => {
    const { directory, file } = copyOfOriginal();
    renameSync(file("PG_VERSION"), file("PG_VERSION.away"));
    await refusalOf(directory);
    renameSync(file("PG_VERSION.away"), file("PG_VERSION"));
    expect(await namesOf(directory)).toEqual(["ada"]);
  });
});

test("what an interrupted creation left behind has no effect on restored files", async () => {
  const { directory } = copyOfOriginal();
  mkdirSync(path.join(directory, "pglite.new"));
  expect(await namesOf(directory)).toEqual(["ada"]);
});

test("when the engine fails, the process ends at once and says why", async () => {
  const { directory, file } = copyOfOriginal();
  class Ended extends Error {}
  const end = vi.spyOn(process, "exit").mockImplementation(() => {
    throw new Ended();
  });
  const printed = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const { db } = await openPglite({ directory });
  // The next WAL segment cannot be created, as on a full disk.
  renameSync(file("pg_wal"), file("pg_wal.away"));
  const fill = sql`insert into people select repeat(md5(n::text), 50) from generate_series(1, 20000) n`;
  await expect(db.execute(fill)).rejects.toThrow();
  expect(end).toHaveBeenCalledWith(1);
  // The engine goes on only because the test keeps the process alive.
  expect(String(printed.mock.calls[0]![0])).toMatch(/has stopped: could not .*pg_wal.*\. .*\n$/);
});

describe("a directory that", () => {
  test("is a file, or lies in one, is named with what to do", async () => {
    const file = path.join(root, "file");
    writeFileSync(file, "");
    for (const directory of [file, path.join(file, "data")])
      expect(await refusalOf(directory)).toMatch(
        /cannot be used: .* DATA_DIR must be a directory\./,
      );
  });

  // Only root can be another user for a while.
  test.runIf(process.getuid?.() === 0)(
    "belongs to another user is used with a warning, and one that cannot be written is refused",
    async () => {
      const { directory } = copyOfOriginal();
      const locked = path.join(root, "locked");
      mkdirSync(locked, { mode: 0o755 });
      for (const open of [root, directory]) chmodSync(open, 0o777);
      for (const [file] of filesOf(directory)) chmodSync(path.join(directory, String(file)), 0o777);
      const warnings: string[] = [];
      process.seteuid!(65_534);
      try {
        const onWarning = (message: string) => void warnings.push(message);
        const { close } = await openPglite({ directory, onWarning });
        await close();
        expect(await refusalOf(locked)).toMatch(/EACCES.* Let the user that runs Latchkey/);
      } finally {
        process.seteuid!(0);
      }
      expect(warnings).toEqual([expect.stringContaining("belongs to another user")]);
    },
  );
});
