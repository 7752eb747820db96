import type { Client } from "./support/client";
import type { Db } from "./support/db";
import { type Form, formWith, textOf } from "./support/forms";
import type { Inbox } from "./support/inbox";
import { testWithProviders as test } from "./support/oidc";
import { expect } from "./support/test";

/** Only the step-up that an action requested carries it out (A2). */

const password = "four unrelated words here";
const better = "other unrelated words here";

const actions = {
  "remove the password": {
    at: "/account/password/remove",
    button: "Remove password",
    title: "Confirm it’s you to remove your password",
    done: "Your password is removed.",
    left: ["google"],
  },
  "disconnect Google": {
    at: "/account/disconnect/google",
    button: "Disconnect Google",
    title: "Confirm it’s you to disconnect Google",
    done: "Google is disconnected.",
    left: ["email"],
  },
} as const;
type Action = (typeof actions)[keyof typeof actions];

/** Ada in one browser, over HTTP. A form that is read and not yet sent is an open tab. */
class Ada {
  constructor(
    readonly client: Client,
    readonly email: string,
    readonly inbox: Inbox,
    readonly db: Db,
  ) {}

  /** Moves her last authentication to 11 minutes ago. */
  outdate = () =>
    this.db.sql`update sessions set authenticated_at = now() - interval '11 minutes'
      where user_id = (select id from users where email = ${this.email})`;

  /** Submits the action, and returns the path of the step-up page. */
  async suspended({ at, button }: Action): Promise<string> {
    await this.outdate();
    return this.client.whereTo(await this.client.submit(at, button)) ?? "";
  }

  read = async (path: string) => textOf((await this.client.get(path)).body);

  /** Sends a form; returns the path and text of the page that follows. */
  async sends(at: string, form: Form, typed: Record<string, string> = {}) {
    const response = await this.client.post(at, form, typed);
    const path = this.client.whereTo(response) ?? "";
    return { path, text: textOf((await this.client.follow(response)).body) };
  }

  formAt = async (at: string, button: string) => formWith((await this.client.get(at)).body, button);

  /** Her removable sign-in methods, and her password hash. */
  async state() {
    const [user] = await this.db.sql<{ hash: string | null; linkedMethods: string[] }[]>`
      select password_hash as hash, array(select provider from auth_providers
        where user_id = u.id and provider <> 'magic_link' order by 1) as "linkedMethods"
      from users u where email = ${this.email}`;
    return user!;
  }

  isVerified = async () => this.client.whereTo(await this.client.get("/account/password")) === null;
}

/** For each kind of step-up, how to get its form from the step-up page. */
const stepUps = {
  password: async (ada, at) => ({
    at,
    form: await ada.formAt(at, "Continue"),
    typed: { password },
  }),
  code: async (ada, at) => {
    const asked = ada.client.whereTo(await ada.client.submit(at, "Email me a link and a code"))!;
    const { code } = await ada.inbox.letterTo(ada.email);
    return { at: asked, form: await ada.formAt(asked, "Continue with the code"), typed: { code } };
  },
  "mailed link": async (ada, at) => {
    await ada.client.submit(at, "Email me a link and a code");
    const { path } = await ada.inbox.letterTo(ada.email);
    return { at: path, form: await ada.formAt(path, "Yes, it’s me"), typed: {} };
  },
} satisfies Record<string, (ada: Ada, at: string) => Promise<Ready>>;

interface Ready {
  readonly at: string;
  readonly form: Form;
  readonly typed: Record<string, string>;
}

const testAda = test.extend<{ visitor: Ada }>({
  visitor: async ({ newClient, newAddress, inbox, db }, use) => {
    const [client, email] = [newClient(), newAddress("ada")];
    await client.signUpAndVerify(email, password, inbox);
    await db.sql`insert into auth_providers (user_id, provider, subject, address)
      select id, 'google', email, email from users where email = ${email}`;
    await use(new Ada(client, email, inbox, db));
  },
});

const notCarriedOut = "Your change was not made";

for (const [by, prepare] of Object.entries(stepUps)) {
  for (const [name, action] of Object.entries(actions)) {
    testAda(`step-up by ${by} on the page to ${name} carries it out`, async ({ visitor: ada }) => {
      const at = await ada.suspended(action);
      expect(at).toMatch(/^\/account\/confirm\?next=.*&for=[\w-]{43}$/);
      expect(await ada.read(at)).toContain(action.title);
      const { form, typed, at: there } = await prepare(ada, at);
      // The page of the emailed link has the same title.
      expect(await ada.read(there)).toContain(action.title);
      const { path, text } = await ada.sends(there, form, typed);
      expect([path, text]).toEqual(["/account/methods", expect.stringContaining(action.done)]);
      expect((await ada.state()).linkedMethods).toEqual(action.left);
      expect(ada.client.jar.has("latchkey-suspended_action")).toBe(false);
      // The same page, opened again, has nothing to confirm.
      expect(await ada.read(at)).toContain("There is nothing left to confirm");
    });

    testAda(`step-up by ${by} for another page does not ${name}`, async ({ visitor: ada, db }) => {
      const before = await ada.state();
      await ada.suspended(action);
      await ada.read("/account/methods");
      // The link “Change”, beside the password.
      const other = ada.client.whereTo(await ada.client.get("/account/password"))!;
      expect(other).toBe("/account/confirm?next=%2Faccount%2Fpassword");
      await db.clearLimits();
      const { at, form, typed } = await prepare(ada, other);
      const { path, text } = await ada.sends(at, form, typed);
      expect([path, text]).toEqual([
        "/account/password",
        expect.stringContaining("Set a new password"),
      ]);
      expect(await ada.isVerified()).toBe(true);
      expect(await ada.state()).toEqual(before);
    });
  }

  testAda(
    `with two tabs, step-up by ${by} for the first does not carry out the second`,
    async ({ visitor: ada, db }) => {
      const before = await ada.state();
      const first = await ada.suspended(actions["remove the password"]);
      const { at, form, typed } = await prepare(ada, first);
      const second = await ada.suspended(actions["disconnect Google"]);
      const { path, text } = await ada.sends(at, form, typed);
      expect([path, text]).toEqual(["/account/methods", expect.stringContaining(notCarriedOut)]);
      expect(await ada.state()).toEqual(before);

      // The second action still requires its own step-up, although she just completed one.
      expect(await ada.read(second)).toContain(actions["disconnect Google"].title);
      await db.clearLimits();
      const its = await prepare(ada, second);
      expect((await ada.sends(its.at, its.form, its.typed)).text).toContain(
        "Google is disconnected.",
      );
      expect((await ada.state()).linkedMethods).toEqual(["email"]);
    },
  );

  testAda(
    `after Cancel, step-up by ${by} for the cancelled action changes nothing`,
    async ({ visitor: ada }) => {
      const before = await ada.state();
      const page = await ada.suspended(actions["remove the password"]);
      const { at, form, typed } = await prepare(ada, page);
      // The page of the emailed link has this button too.
      const cancelled = await ada.sends(at, await ada.formAt(at, "Cancel"));
      expect(cancelled.text).toContain("Cancelled. Nothing was changed.");
      expect(ada.client.jar.has("latchkey-suspended_action")).toBe(false);
      expect(await ada.read(page)).toContain("There is nothing left to confirm");
      const { path, text } = await ada.sends(at, form, typed);
      expect([path, text]).toEqual(["/account/methods", expect.stringContaining(notCarriedOut)]);
      expect(await ada.state()).toEqual(before);
    },
  );
}

testAda(
  "Cancel in one tab does not cancel the suspended action of another",
  async ({ visitor: ada }) => {
    const first = await ada.suspended(actions["remove the password"]);
    const cancel = await ada.formAt(first, "Cancel");
    const second = await ada.suspended(actions["disconnect Google"]);
    await ada.sends(first, cancel);
    expect(await ada.read(second)).toContain(actions["disconnect Google"].title);
  },
);

testAda(
  "an action suspended for more than ten minutes is not carried out",
  async ({ visitor: ada }) => {
    const before = await ada.state();
    const page = await ada.suspended(actions["remove the password"]);
    const { at, form, typed } = await stepUps.password(ada, page);
    // The browser deletes the expired cookie.
    ada.client.jar.delete("latchkey-suspended_action");
    const { path, text } = await ada.sends(at, form, typed);
    expect([path, text]).toEqual(["/account/methods", expect.stringContaining(notCarriedOut)]);
    expect(await ada.state()).toEqual(before);
  },
);

testAda(
  "a suspended password change is carried out only from its own step-up page",
  async ({ visitor: ada }) => {
    await ada.outdate();
    await ada.client.json("/api/v1/session/step-ups", { password });
    const change = await ada.formAt("/account/password", "Set password");
    await ada.outdate();
    const before = await ada.state();
    const { path: page, text: asked } = await ada.sends("/account/password", change, {
      password: better,
    });
    expect(asked).toContain("Confirm it’s you to set your password");
    // The step-up page without the id of the suspended action.
    const other = page.replace(/&for=.*/, "");
    const { path } = await ada.sends(other, await ada.formAt(other, "Continue"), { password });
    expect(path).toBe("/account/password");
    expect(await ada.state()).toEqual(before);
    const { text } = await ada.sends(page, await ada.formAt(page, "Continue"), { password });
    expect(text).toContain("Your password is set.");
    expect((await ada.state()).hash).not.toBe(before.hash);
  },
);

testAda(
  "a suspended action belongs to one session, even with the same cookie in another",
  async ({ visitor: ada, newClient }) => {
    const before = await ada.state();
    const page = await ada.suspended(actions["remove the password"]);
    const form = await ada.formAt(page, "Continue");
    const phone = newClient();
    await phone.json("/api/v1/sessions", { email: ada.email, password });
    phone.jar.set("latchkey-suspended_action", ada.client.jar.get("latchkey-suspended_action")!);
    expect(textOf((await phone.get(page)).body)).toContain("There is nothing left to confirm");
    const response = await phone.follow(await phone.post(page, form, { password }));
    expect(textOf(response.body)).toContain(notCarriedOut);
    expect(await ada.state()).toEqual(before);
  },
);
