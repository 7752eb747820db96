import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { auditSealer } from "@/lib/store/audit-seals";
import { createCommandWorld } from "@/lib/server/create-command-world";
import { Browser } from "@/test/support/browser";
import { setUpWorld } from "@/test/support/setup";
import { listUsers } from "@/lib/flows/staff/list-users";
import { runAdminCommand } from "./admin-command";
import { Failure } from "./run.mjs";

const world = await setUpWorld();
const ada = "ada@example.com";
const admin = (...args: string[]) => runAdminCommand(createCommandWorld(world.env, world), args);

test("the first admin is made by a command, which the audit log and the person are told", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  expect(await admin("grant", " Ada@Example.com", "admin")).toBe(
    "ada@example.com is now admin, and signed out everywhere.",
  );
  await browser.signIn(ada);
  expect((await browser.run(listUsers)).ok).toBe(true);
  expect(world.lettersTo(ada).map(({ message }) => message.subject)).toContain(
    "You’re now an admin of Latchkey",
  );
  const change = (await world.audit()).find(({ event }) => event === "user.change_role");
  expect(change).toMatchObject({
    caller: null,
    browser: "command line",
    reason: "On the command line",
  });
  await expect(admin("grant", ada, "member")).rejects.toThrow(/This is the last admin/);
});

test("a command finds, disables, enables and signs out", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  const id = await world.userIdOf(ada);
  expect(await admin("disable", ada, "--reason", "Asked by her")).toBe(
    "ada@example.com is disabled.",
  );
  expect(await admin("find", "ad")).toBe(`${id}  ada@example.com  disabled`);
  expect(await admin("find", id)).toBe(`${id}  ada@example.com  disabled`);
  expect(await admin("find", "x")).toBe("Nobody was found.");
  expect(await admin("enable", ada, "--reason", "Asked by her")).toBe(
    "ada@example.com is enabled.",
  );
  expect(await admin("invite", "leo@example.com")).toBe(
    "leo@example.com is invited. The server sends the email.",
  );
  expect(await admin("revoke", ada)).toBe("ada@example.com is signed out everywhere.");
});

test.each([
  [[], /^One of:/],
  [["remove", ada], /^One of:/],
  [["grant", ada], /^One of:/],
  [["grant", ada, "root"], /^One of:/],
  [["disable", ada], /^Say why/],
  [["disable", ada, "--reason", " "], /^Enter a reason/],
  [["disable", "ada@example.co", "--reason", "x"], /^Nobody has the address/],
  [["disable", "ada", "--reason", "x"], /^Nobody has the address/],
  [["disable", ada, "--force"], /force/],
  [["enable", ada, "--reason", "x"], /^There was nothing left to do/],
])("a command that cannot be done says why, and changes nothing: %j", async (args, sentence) => {
  await new Browser(world).signIn(ada);
  await expect(admin(...args)).rejects.toThrow(Failure);
  await expect(admin(...args)).rejects.toThrow(sentence);
  await expect(admin("enable", ada, "--reason", "x")).rejects.toThrow("nothing left");
});

test("a command emails a link that opens the account of who is locked out (T2)", async () => {
  await new Browser(world).signIn(ada);
  await world.deliver();
  expect(await admin("access-link", ada, "--reason", "Lost her phone")).toBe(
    "A link that opens the account is on its way to ada@example.com.",
  );
  expect((await world.letterTo(ada)).message.subject).toBe("Open your Latchkey account");
  await expect(admin("access-link", ada)).rejects.toThrow(/^Say why/);
});

test("a command starts a change of the address of who has lost the mailbox (T2)", async () => {
  await new Browser(world).signIn(ada);
  await world.deliver();
  const lost = ["--reason", "Lost her mailbox"];
  expect(await admin("change-email", ada, "ada@new.example", ...lost)).toBe(
    "A link and a code are on their way to ada@new.example.",
  );
  expect((await world.letterTo("ada@new.example")).code).toMatch(/^\d{6}$/);
  await expect(admin("change-email", ada, "ada@new.example")).rejects.toThrow(/^Say why/);
  await expect(admin("change-email", ada, ...lost)).rejects.toThrow(/^One of:/);
  await expect(admin("change-email", ada, "nonsense", ...lost)).rejects.toThrow(/address/);
});

test("a command verifies the audit log, and names the first bad event (T3)", async () => {
  await new Browser(world).signIn(ada);
  const seal = auditSealer(world.db, world.env.auditKey);
  await seal();
  // Transactions of other databases of the same Postgres may delay it.
  while ((await seal()) === 0);
  expect(await admin("audit", "verify")).toMatch(
    /^\d events match their seals\. \d have no seal yet\.\nThe newest seal, to note elsewhere: [\w-]{43}$/,
  );
  await world.writeDirectly(async (tx) => {
    await tx.execute(sql`set local session_replication_role = replica`);
    await tx.execute(
      sql`update audit_events set request_id = 'another' where event = 'magic_link.request'`,
    );
  });
  await expect(admin("audit", "verify")).rejects.toThrow(
    /^Event \d+ was changed after it was sealed, or its seal was\.$/,
  );
  await expect(admin("audit", "trust")).rejects.toThrow(/^One of:/);
});
