import { expect, test } from "vitest";
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
