import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { row } from "@/db/rows";
import { readSession } from "@/lib/flows/sessions/read-session";
import { deliverDueLetters } from "@/lib/adapters/courier";
import type { Mailer } from "@/lib/adapters/mailer";
import { Browser } from "@/test/support/browser";
import { count, hashOf, lettersOf, methodsOf } from "@/test/support/queries";
import { otherPassword, validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { signInWithPassword } from "./password/sign-in-with-password";
import { requestSignUp } from "./sign-up/request-sign-up";
import { resendSignUpCode } from "./sign-up/resend-sign-up-code";
import { verifySignUp } from "./sign-up/verify-sign-up";

/** The 22 acceptance tests of sign-up, verification, sign-in and resend, under their names (P9). */

const world = await setUpWorld();

const ada = "ada@example.com";
const leo = "leo@example.com";
const mailed = { ok: true, value: { email: ada } };
const welcome = { ok: true, value: { next: "" } };

/** A mail server that is unavailable. */
const away: Mailer = () => Promise.resolve({ sent: false, reason: "away" });

const waiting = async (email = ada) => {
  const browser = new Browser(world);
  await browser.signUp(email, validPassword);
  return { browser, code: (await world.letterTo(email)).code };
};

const resend = (browser: Browser, email: unknown = ada) => browser.run(resendSignUpCode, { email });

/** A response, its cookies and the work: all that a stranger can observe. */
const seen = async (browser: Browser, email: string, act: () => Promise<unknown>) => {
  let outcome: unknown;
  const statements = await world.statementsOf(async () => {
    outcome = await act();
  });
  const told = JSON.stringify([outcome, browser.cookieChanges]).replaceAll(email, "…");
  return { told, statements: statements.length };
};

test("sign-up succeeds", async () => {
  const browser = new Browser(world);
  expect(await browser.signUp(ada, validPassword)).toEqual(mailed);
  expect(await lettersOf(world, ada)).toEqual(["sign_up_code queued"]);
  expect(await count(world, "users")).toBe(0);
});

test("sign-up: missing e-mail", async () => {
  for (const input of [{ password: validPassword }, { email: "", password: validPassword }])
    expect(await new Browser(world).run(requestSignUp, input)).toEqual(
      refused("email_missing", { field: "email" }),
    );
});

test("sign-up: missing password", async () => {
  for (const input of [{ email: ada }, { email: ada, password: "" }])
    expect(await new Browser(world).run(requestSignUp, input)).toEqual(
      refused("password_missing", { field: "password" }),
    );
});

test("sign-up: invalid e-mail", async () => {
  for (const email of ["ada", "ada@", "@example.com", "ada@example", "a@b@example.com"])
    expect(await new Browser(world).signUp(email, validPassword)).toEqual(
      refused("email_invalid", { field: "email" }),
    );
  expect(await count(world, "outbox")).toBe(0);
});

test("sign-up: duplicate address answers alike", async () => {
  await new Browser(world).signUpAndVerify(ada, validPassword);
  const signUp = (email: string) => {
    const browser = new Browser(world);
    return seen(browser, email, () => browser.signUp(email, otherPassword));
  };
  expect(await signUp(ada)).toEqual(await signUp(leo));
  expect(await count(world, "users")).toBe(1);
});

test("sign-up: mail failure does not block", async () => {
  const browser = new Browser(world);
  expect(await browser.signUp(ada, validPassword)).toEqual(mailed);
  await deliverDueLetters(world, away);
  expect(await lettersOf(world, ada)).toEqual(["sign_up_code queued"]);
  await world.advance(30);
  expect(await browser.verify((await world.letterTo(ada)).code, ada)).toEqual(welcome);
});

test("verify succeeds", async () => {
  const { browser, code } = await waiting();
  expect(await browser.verify(code, ada)).toEqual(welcome);
  expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
  expect(await methodsOf(world, ada)).toEqual(["email"]);
});

test("verify: wrong code", async () => {
  const { browser, code } = await waiting();
  const wrong = code === "123456" ? "654321" : "123456";
  expect(await browser.verify(wrong, ada)).toEqual(refused("code_invalid", { field: "code" }));
  expect(await count(world, "users")).toBe(0);
});

test("verify: expired code", async () => {
  const { browser, code } = await waiting();
  await world.advance(601);
  expect(await browser.verify(code, ada)).toEqual(refused("code_invalid", { field: "code" }));
  expect(await count(world, "users")).toBe(0);
});

test("verify: unknown address", async () => {
  expect(await new Browser(world).verify("123456", leo)).toEqual(
    refused("code_invalid", { field: "code" }),
  );
});

test("sign-in succeeds", async () => {
  await new Browser(world).signUpAndVerify(ada, validPassword);
  const browser = new Browser(world);
  expect(await browser.signInWithPassword(ada, validPassword)).toEqual(welcome);
  expect(await browser.run(readSession)).toMatchObject({ value: { email: ada } });
});

test("sign-in: wrong password", async () => {
  await new Browser(world).signUpAndVerify(ada, validPassword);
  const browser = new Browser(world);
  expect(await browser.signInWithPassword(ada, otherPassword)).toEqual(
    refused("invalid_credentials"),
  );
  expect(browser.session).toBeNull();
});

test("sign-in: unverified is held back", async () => {
  const { browser } = await waiting();
  expect(await browser.signInWithPassword(ada, validPassword)).toEqual(refused("sign_up_pending"));
  expect(await new Browser(world).signInWithPassword(ada, validPassword)).toEqual(
    refused("invalid_credentials"),
  );
  expect(await count(world, "sessions")).toBe(0);
});

test("sign-in: missing fields", async () => {
  const submit = (input: unknown) => new Browser(world).run(signInWithPassword, input);
  expect(await submit({ password: validPassword })).toEqual(
    refused("email_missing", { field: "email" }),
  );
  expect(await submit({ email: ada })).toEqual(refused("password_missing", { field: "password" }));
  expect(await submit({})).toEqual(refused("email_missing", { field: "email" }));
});

test("resend succeeds", async () => {
  const { browser } = await waiting();
  await world.advance(60);
  expect(await resend(browser)).toEqual(mailed);
  expect(await browser.verify((await world.letterTo(ada)).code, ada)).toEqual(welcome);
});

test("resend: missing e-mail", async () => {
  for (const email of [undefined, ""])
    expect(await new Browser(world).run(resendSignUpCode, { email })).toEqual(
      refused("email_missing", { field: "email" }),
    );
});

test("resend: invalid e-mail", async () => {
  expect(await resend(new Browser(world), "ada@")).toEqual(
    refused("email_invalid", { field: "email" }),
  );
});

test("resend: unknown address answers alike", async () => {
  await waiting();
  const again = (email: string) => {
    const browser = new Browser(world);
    return seen(browser, email, () => resend(browser, email));
  };
  expect(await again(leo)).toEqual(await again(ada));
  expect(await world.deliver()).toEqual([]);
});

test("resend: already verified answers alike", async () => {
  await new Browser(world).signUpAndVerify(ada, validPassword);
  const again = (email: string) => {
    const browser = new Browser(world);
    return seen(browser, email, () => resend(browser, email));
  };
  expect(await again(ada)).toEqual(await again(leo));
  expect(await world.deliver()).toEqual([]);
});

test("resend: mail failure does not block", async () => {
  const { browser } = await waiting();
  await world.advance(60);
  expect(await resend(browser)).toEqual(mailed);
  await deliverDueLetters(world, away);
  await world.advance(30);
  expect(await browser.verify((await world.letterTo(ada)).code, ada)).toEqual(welcome);
});

test("a unique violation is answered, not thrown", async () => {
  const { browser, code } = await waiting();
  await world.writeDirectly((tx) =>
    tx.execute(sql`with inserted as (insert into users (email) values (${ada}) returning id)
      insert into auth_providers (user_id, provider) select id, 'magic_link' from inserted`),
  );
  expect(await browser.verify(code, ada)).toEqual(refused("already_signed_up"));
  expect([await count(world, "users"), await count(world, "sessions")]).toEqual([1, 0]);
});

/** No table of profiles exists, so the user is complete at every statement. */
test("a user without profile data cannot exist", async () => {
  const { browser, code } = await waiting();
  const whole = sql`select count(*)::int as n from users u where u.email_verified_at is not null
    and exists (select from auth_providers p where p.user_id = u.id)
    and exists (select from sessions s where s.user_id = u.id)`;
  for (let after = 0; ; after += 1) {
    world.failDatabaseAfter(after);
    const result = await browser.run(verifySignUp, { email: ada, code });
    world.restoreDatabase();
    const users = await count(world, "users");
    expect(await row(world.db, whole)).toEqual({ n: users });
    expect(users).toBe(result.ok ? 1 : 0);
    if (result.ok) break;
    await world.writeDirectly((tx) => tx.execute(sql`delete from limits`));
  }
  expect(await hashOf(world, ada)).toMatch(/^\$argon2id\$/);
  const incomplete = await row(
    world.db,
    sql`select string_agg(column_name, ', ') as names from information_schema.columns
        where table_schema = 'public' and table_name = 'users' and is_nullable = 'YES'
        and column_name not in ('email_verified_at', 'disabled_at', 'password_hash', 'name', 'time_zone',
          'delete_at', 'methods_locked_until')`,
  );
  expect(incomplete).toEqual({ names: null });
});
