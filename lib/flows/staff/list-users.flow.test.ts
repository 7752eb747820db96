import { expect, test } from "vitest";
import { users } from "@/db/schema";
import { hours } from "@/lib/core/duration";
import { bounds, limits } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { disable } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { runOnCommandLine, staffBrowser } from "@/test/support/staff";
import { listUsers } from "./list-users";

const world = await setUpWorld();

/** The addresses on a page of the list. */
async function listed(browser: Browser, input: Record<string, unknown> = {}) {
  const result = await browser.run(listUsers, input);
  if (!result.ok) throw new Error(result.refusal.code);
  return result.value.users.map(({ email }) => email.replace("@example.com", ""));
}

async function people(...names: string[]) {
  for (const name of names) await new Browser(world).signIn(`${name}@example.com`);
}

test("support finds users by the beginning of the address, in any case, and by id", async () => {
  await people("ada", "adam", "adb");
  const support = await staffBrowser(world, "support");
  expect(await listed(support, { search: "ada" })).toEqual(["ada", "adam"]);
  expect(await listed(support, { search: " ADA@Example.com " })).toEqual(["ada"]);
  expect(await listed(support, { search: await world.userIdOf("adb@example.com") })).toEqual([
    "adb",
  ]);
  expect(await listed(support)).toEqual(["support", "adb", "adam", "ada"]);
});

test("what no address contains finds nobody, whatever it means elsewhere", async () => {
  await people("ada", "a_b");
  const support = await staffBrowser(world, "support");
  for (const search of ["%", "a%", "\\", "ä", "a\u0000", "da", "\ud800"])
    expect([search, await listed(support, { search })]).toEqual([search, []]);
  expect(await listed(support, { search: "a_" })).toEqual(["a_b"]);
});

test("filters show who is active, disabled, staff, or has a method", async () => {
  await people("ada", "eve");
  await new Browser(world).signUpAndVerify("leo@example.com", validPassword);
  await disable(world, "eve@example.com");
  const support = await staffBrowser(world, "support");
  expect(await listed(support, { status: "active" })).toEqual(["support", "leo", "ada"]);
  expect(await listed(support, { status: "disabled" })).toEqual(["eve"]);
  expect(await listed(support, { status: "staff" })).toEqual(["support"]);
  expect(await listed(support, { method: "email" })).toEqual(["leo"]);
  expect(await listed(support, { method: "magic_link", search: "a" })).toEqual(["ada"]);
});

test("each user is on one page, also those of the same moment, in both orders", async () => {
  const support = await staffBrowser(world, "support");
  await world.writeDirectly((tx) =>
    tx.insert(users).values(
      Array.from({ length: bounds.usersPage * 2 + 1 }, (_, n) => ({
        email: `user-${n}@example.com`,
        createdAt: new Date(Date.UTC(2020, 1, 1 + Math.floor(n / 9))),
        disabledAt: new Date(0),
      })),
    ),
  );
  for (const search of [undefined, "user-"]) {
    const seen: string[] = [];
    let after: string | null | undefined;
    do {
      const result = await support.run(listUsers, { search, ...(after && { after }) });
      if (!result.ok) throw new Error(result.refusal.code);
      seen.push(...result.value.users.map(({ email }) => email));
      after = result.value.next;
    } while (after);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toHaveLength(bounds.usersPage * 2 + (search ? 1 : 2));
  }
});

test("a forged cursor and an unknown filter are refused", async () => {
  const support = await staffBrowser(world, "support");
  for (const input of [
    { after: "1" },
    { after: "00000000-0000-4000-8000-000000000000" },
    { after: null },
    { status: "admin" },
    { status: "" },
    { method: "passkey" },
    { method: ["email"] },
    { search: "a".repeat(bounds.emailLength + 1) },
    { search: 7 },
  ])
    expect([input, await support.run(listUsers, input)]).toEqual([input, refused("invalid_input")]);
});

test("for everybody else there is no list, whatever they send; the command line has it", async () => {
  const ada = new Browser(world);
  await ada.signIn("ada@example.com");
  for (const browser of [ada, new Browser(world)])
    for (const input of [{}, { search: "a" }, { after: "1" }])
      expect(await browser.run(listUsers, input)).toEqual(refused("not_found"));
  expect(await runOnCommandLine(world, listUsers, { search: "ada" })).toMatchObject({
    value: { users: [{ email: "ada@example.com", role: "member", methods: ["magic_link"] }] },
  });
});

test("staff who authenticated half a day ago confirm first", async () => {
  const support = await staffBrowser(world, "support");
  await world.advance(hours(11));
  expect((await support.run(listUsers)).ok).toBe(true);
  await world.advance(hours(1));
  expect(await support.run(listUsers)).toEqual(refused("step_up_required"));
});

test("a member of staff reads so many pages an hour, and not those of a colleague", async () => {
  const support = await staffBrowser(world, "support");
  for (let n = 0; n < limits.userListsPerStaff.max; n += 1)
    expect((await support.run(listUsers)).ok).toBe(true);
  expect(await support.run(listUsers)).toEqual(refused("too_many_requests"));
  const admin = await staffBrowser(world, "admin");
  expect((await admin.run(listUsers)).ok).toBe(true);
});
