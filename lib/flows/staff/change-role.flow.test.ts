import { expect, test } from "vitest";
import { deleteAccount } from "@/lib/flows/deletion/delete-account";
import { readSession } from "@/lib/flows/sessions/read-session";
import { Browser } from "@/test/support/browser";
import { claims, keys } from "@/test/support/oauth-fixtures";
import { refused, setUpWorld } from "@/test/support/setup";
import { runOnCommandLine, setRole, staffBrowser } from "@/test/support/staff";
import { changeRole } from "./change-role";
import { listUsers } from "./list-users";

const world = await setUpWorld(keys);
const ada = "ada@example.com";
const reason = "New in the team";

test("an admin makes a member part of the staff: sessions from before end, and the person is told", async () => {
  const before = new Browser(world);
  await before.signIn(ada);
  const admin = await staffBrowser(world, "admin");
  const id = await world.userIdOf(ada);
  expect(await admin.run(changeRole, { id, role: "support", reason })).toMatchObject({ ok: true });
  expect(await before.run(readSession)).toMatchObject({ value: null });
  const { message } = await world.letterTo(ada);
  expect(message.subject).toBe("You’re now in the support team of Latchkey");
  await before.signIn(ada);
  expect((await before.run(listUsers)).ok).toBe(true);
  expect((await world.audit()).find(({ event }) => event === "user.change_role")).toMatchObject({
    cause: "member:support",
    subject: id,
    reason,
  });
  expect(await admin.run(changeRole, { id, role: "member", reason })).toMatchObject({ ok: true });
  await before.signIn(ada);
  expect(await before.run(listUsers)).toEqual(refused("not_found"));
});

test("support cannot, nobody changes their own role, and the same role is no change", async () => {
  await new Browser(world).signIn(ada);
  const id = await world.userIdOf(ada);
  const support = await staffBrowser(world, "support");
  expect(await support.run(changeRole, { id, role: "support", reason })).toEqual(
    refused("not_found"),
  );
  const admin = await staffBrowser(world, "admin");
  const own = await world.userIdOf("admin@example.com");
  expect(await admin.run(changeRole, { id: own, role: "member", reason })).toEqual(
    refused("own_account"),
  );
  expect(await admin.run(changeRole, { id, role: "member", reason })).toEqual(
    refused("already_done"),
  );
  for (const role of ["root", "", undefined])
    expect(await admin.run(changeRole, { id, role, reason })).toEqual(refused("invalid_input"));
});

test("an account that its owner has deleted gets no role, and can lose one", async () => {
  const leaver = new Browser(world);
  await leaver.signIn(ada);
  const id = await world.userIdOf(ada);
  const admin = await staffBrowser(world, "admin");
  await leaver.run(deleteAccount, { email: ada });
  for (const role of ["support", "admin"])
    expect(await admin.run(changeRole, { id, role, reason })).toEqual(
      refused("deletion_scheduled"),
    );
  await setRole(world, ada, "support");
  expect(await admin.run(changeRole, { id, role: "admin", reason })).toEqual(
    refused("deletion_scheduled"),
  );
  expect(await admin.run(changeRole, { id, role: "member", reason })).toMatchObject({ ok: true });
});

test("the last admin keeps the role; a disabled one is not counted", async () => {
  const root = await staffBrowser(world, "admin", "root@example.com");
  await staffBrowser(world, "admin", ada);
  const [rootId, id] = [await world.userIdOf("root@example.com"), await world.userIdOf(ada)];
  expect(await root.run(changeRole, { id, role: "support", reason })).toMatchObject({ ok: true });
  expect(await runOnCommandLine(world, changeRole, { id: rootId, role: "member", reason })).toEqual(
    refused("last_admin"),
  );
});

test("who has not verified the address gets no role: somebody else may have made the account", async () => {
  await new Browser(world).signInWithProvider("google", claims("g-1", ada));
  const id = await world.userIdOf(ada);
  expect(await runOnCommandLine(world, changeRole, { id, role: "admin", reason })).toEqual(
    refused("email_unverified"),
  );
});
