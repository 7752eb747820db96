import { sql } from "drizzle-orm";
import { describe, expect, test } from "vitest";
import { row } from "@/db/rows";
import { intervals, lifetimes } from "@/lib/core/policy";
import { flows } from "@/lib/flows";
import { requestEmailChange } from "@/lib/flows/email-change/request-email-change";
import { undoEmailChange } from "@/lib/flows/email-change/undo-email-change";
import { verifyEmailChange } from "@/lib/flows/email-change/verify-email-change";
import { readSession } from "@/lib/flows/sessions/read-session";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { isForStaff } from "@/lib/runtime/flow";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { hosted, keys } from "@/test/support/oauth-fixtures";
import { validPassword } from "@/test/support/passwords";
import { count, liveSecrets } from "@/test/support/queries";
import { race } from "@/test/support/race";
import { refused, setUpWorld } from "@/test/support/setup";
import { deleteAccount } from "./delete-account";
import { readDeletion } from "./read-deletion";

const world = await setUpWorld(keys);
const [ada, leo] = ["ada@example.com", "leo@example.com"];

const signedIn = async (email = ada) => {
  const browser = new Browser(world);
  await browser.signIn(email);
  return browser;
};

const remove = (browser: Browser, email: unknown = ada) => browser.run(deleteAccount, { email });

async function changeAddress(browser: Browser, email: string) {
  await browser.run(requestEmailChange, { email });
  const { code } = await world.letterTo(email);
  expect(await browser.run(verifyEmailChange, { email, code })).toMatchObject({ ok: true });
}

const makeAdmin = (...emails: string[]) =>
  world.writeDirectly((tx) =>
    tx.execute(sql`update users set role = 'admin' where email in ${emails}`),
  );

const deletionOf = async (email: string) =>
  (await row<{ days: number | null }>(
    world.db,
    sql`select round(extract(epoch from delete_at - now()) / 86400)::int as days from users where email = ${email}`,
  ))!.days;

test("it ends all sessions at once, and the owner gets a link that takes it back", async () => {
  const [browser, phone] = [await signedIn(), await signedIn()];
  await phone.run(requestEmailChange, { email: "ada@new.example" });
  expect(await remove(browser, " ADA@example.com")).toMatchObject({ ok: true });
  expect(await deletionOf(ada)).toBe(14);
  expect(browser.session).toBeNull();
  expect(await phone.run(readSession)).toMatchObject({ value: null });
  expect(await count(world, "sessions")).toBe(0);
  expect(await liveSecrets(world, "ada@new.example")).toEqual([]);
  const { token, message } = await world.letterTo(ada);
  expect(token).not.toBe("");
  expect(message.subject).toContain("deleted");
});

test("addresses that the account had until just now are told too, and the undo link there restores it", async () => {
  const owner = new Browser(world);
  await owner.signUpAndVerify(ada, validPassword);
  const hijacked = new Browser(world);
  await hijacked.signInWithPassword(ada, validPassword);
  const [second, third] = ["mallory@example.com", "mallory@third.example"];
  await changeAddress(hijacked, second);
  const { token } = await world.letterTo(ada);
  await changeAddress(hijacked, third);
  await world.deliver();
  const before = world.sent.length;
  expect(await remove(hijacked, third)).toMatchObject({ ok: true });
  await world.deliver();
  const told = world.sent.slice(before);
  expect(told.map(({ to }) => to).toSorted()).toEqual([ada, second, third].toSorted());
  const { message } = world.lettersTo(ada).at(-1)!;
  expect(message.subject).toContain("deleted");
  expect(message.text).toContain("undo");
  expect(message.text).not.toContain(third);
  // Only the current address gets a link, which restores the account under that address.
  expect(world.lettersTo(ada).at(-1)!.token).toBe("");
  expect(await new Browser(world).run(undoEmailChange, { token, email: ada })).toMatchObject({
    ok: true,
  });
  expect(await deletionOf(ada)).toBeNull();
  expect(await owner.signInWithPassword(ada, validPassword)).toMatchObject({ ok: true });
  expect(await owner.run(readSession)).toMatchObject({ value: { email: ada, deletesAt: null } });
});

test("an address whose change can't be undone any more is not told", async () => {
  const browser = await signedIn();
  await changeAddress(browser, "ada@new.example");
  await world.deliver();
  await world.advance(lifetimes.emailUndo);
  await browser.signIn("ada@new.example");
  const before = world.sent.length;
  expect(await remove(browser, "ada@new.example")).toMatchObject({ ok: true });
  await world.deliver();
  expect(world.sent.slice(before).map(({ to }) => to)).toEqual(["ada@new.example"]);
});

test("it needs a step-up and the address", async () => {
  const browser = await signedIn();
  for (const email of ["", leo, "ada@example.co"])
    expect(await remove(browser, email)).toEqual(refused("email_incorrect", { field: "email" }));
  await world.advance(intervals.stepUp);
  expect(await remove(browser)).toEqual(refused("step_up_required"));
  expect(await remove(new Browser(world))).toEqual(refused("sign_in_required"));
  expect(await deletionOf(ada)).toBeNull();
});

describe("the last admin stays", () => {
  test("alone, or beside admins who are disabled or deleted", async () => {
    const browser = await signedIn();
    await signedIn(leo);
    await makeAdmin(ada);
    expect(await remove(browser)).toEqual(refused("last_admin"));
    await makeAdmin(leo);
    for (const column of ["disabled_at", "delete_at"]) {
      const set = (to: string) =>
        world.writeDirectly((tx) =>
          tx.execute(sql.raw(`update users set ${column} = ${to} where email = '${leo}'`)),
        );
      await set("now() + interval '1 day'");
      expect(await remove(browser)).toEqual(refused("last_admin"));
      await set("null");
    }
    expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
    expect(await remove(browser)).toMatchObject({ ok: true });
  });

  race("of two admins who delete themselves at once one is refused", async () => {
    const [adas, leos] = [await signedIn(), await signedIn(leo)];
    await makeAdmin(ada, leo);
    const results = await Promise.all([remove(adas), remove(leos, leo)]);
    const told = results.map((result) => (result.ok ? "ok" : result.refusal.code));
    expect(told.toSorted()).toEqual(["last_admin", "ok"]);
    await world.reset();
  });
});

const signIns: Record<string, (browser: Browser) => Promise<unknown>> = {
  "by link": (browser) => browser.signIn(ada),
  "with a password": (browser) => browser.signInWithPassword(ada, validPassword),
  "with Google": (browser) => browser.signInWithProvider("google", hosted("g-1", ada)),
};

test.each(Object.entries(signIns))(
  "signing in %s works, and then a session may restore the account, sign out, and nothing else",
  async (how, signIn) => {
    const owner = new Browser(world);
    if (how === "with Google") await signIn(owner);
    else await owner.signUpAndVerify(ada, validPassword);
    await makeAdmin(ada);
    await signedIn(leo);
    await makeAdmin(leo);
    expect(await remove(owner)).toMatchObject({ ok: true });
    const browser = new Browser(world);
    await signIn(browser);
    expect(browser.session).not.toBeNull();
    expect(await browser.run(readDeletion)).toMatchObject({
      value: { email: ada, deletesAt: expect.any(Date) as Date },
    });
    const before = await dump(world, "audit_counts");
    const allowed = ["session.sign_out", "account.restore", "account.read_deletion"];
    for (const flow of flows) {
      if (flow.requires !== "session" && !isForStaff(flow.requires)) continue;
      if (allowed.includes(flow.name)) continue;
      const code = isForStaff(flow.requires) ? "not_found" : "account_deleted";
      const input = Object.fromEntries(
        Object.keys((flow.input as { shape?: object }).shape ?? {}).map((name) => [
          name,
          fitting[name] ?? "x".repeat(43),
        ]),
      );
      expect(await browser.run(flow, input), flow.name).toEqual(refused(code));
    }
    expect(await dump(world, "audit_counts")).toBe(before);
    expect(await browser.run(signOut)).toMatchObject({ ok: true });
    expect(await deletionOf(ada)).toBe(14);
  },
);

const fitting: Record<string, unknown> = {
  email: ada,
  code: "123456",
  password: validPassword,
  confirmPassword: validPassword,
  id: "00000000-0000-4000-8000-000000000000",
  provider: "google",
  timeZone: "",
  before: "1",
  event: "1",
  show: "changes",
  next: "/account",
};
