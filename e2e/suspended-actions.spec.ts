import type { Client } from "./support/client";
import type { Db } from "./support/db";
import { type Form, formWith, textOf } from "./support/forms";
import type { Inbox } from "./support/inbox";
import { testWithProviders as test } from "./support/oidc";
import { expect } from "./support/test";

/** What step-up interrupts is carried out by the proof that was for it, and by no other (F61). */

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

/** Ada in her browser, without windows: as many tabs as pages that were read and not yet used. */
class Ada {
  constructor(
    readonly client: Client,
    readonly email: string,
    readonly inbox: Inbox,
    readonly db: Db,
  ) {}

  /** She signed in more than ten minutes ago. */
  outdate = () =>
    this.db.sql`update sessions set authenticated_at = now() - interval '11 minutes'
      where user_id = (select id from users where email = ${this.email})`;

  /** Presses, and is led to the page that asks for a proof. */
  async suspended({ at, button }: Action): Promise<string> {
    await this.outdate();
    return this.client.whereTo(await this.client.submit(at, button)) ?? "";
  }

  read = async (path: string) => textOf((await this.client.get(path)).body);

  /** Sends a form, and reads the page that it leads to. */
  async sends(at: string, form: Form, typed: Record<string, string> = {}) {
    const response = await this.client.post(at, form, typed);
    const path = this.client.whereTo(response) ?? "";
    return { path, text: textOf((await this.client.follow(response)).body) };
  }

  formAt = async (at: string, button: string) => formWith((await this.client.get(at)).body, button);

  /** Her ways in that can go, and her password's hash. */
  async state() {
    const [user] = await this.db.sql<{ hash: string | null; linkedMethods: string[] }[]>`
      select password_hash as hash, array(select provider from auth_providers
        where user_id = u.id and provider <> 'magic_link' order by 1) as ways
      from users u where email = ${this.email}`;
    return user!;
  }

  isVerified = async () => this.client.whereTo(await this.client.get("/account/password")) === null;
}

/** Each way to prove it, from the page at this address: the form that does, ready to be sent. */
const proofs = {
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
    await client.join(email, password, inbox);
    await db.sql`insert into auth_providers (user_id, provider, subject, address)
      select id, 'google', email, email from users where email = ${email}`;
    await use(new Ada(client, email, inbox, db));
  },
});

const notCarriedOut = "Your change was not made";

for (const [by, prepare] of Object.entries(proofs)) {
  for (const [name, action] of Object.entries(actions)) {
    testAda(
      `a proof by ${by} on the page that asks to ${name} does so`,
      async ({ visitor: ada }) => {
        const at = await ada.suspended(action);
        expect(at).toMatch(/^\/account\/prove\?next=.*&for=[\w-]{43}$/);
        expect(await ada.read(at)).toContain(action.title);
        const { form, typed, at: there } = await prepare(ada, at);
        // Also on the page of the mailed link.
        expect(await ada.read(there)).toContain(action.title);
        const { path, text } = await ada.sends(there, form, typed);
        expect([path, text]).toEqual(["/account/methods", expect.stringContaining(action.done)]);
        expect((await ada.state()).linkedMethods).toEqual(action.left);
        expect(ada.client.jar.has("latchkey-suspended_action")).toBe(false);
        // Back in the browser's history there is nothing to confirm any more.
        expect(await ada.read(at)).toContain("There is nothing left to confirm");
      },
    );

    testAda(
      `who leaves the page that asks to ${name} and proves it for another by ${by} changes nothing`,
      async ({ visitor: ada, db }) => {
        const before = await ada.state();
        await ada.suspended(action);
        await ada.read("/account/methods");
        // “Change”, beside the password.
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
      },
    );
  }

  testAda(
    `of two tabs, the proof of the first by ${by} does not carry out the form of the second`,
    async ({ visitor: ada, db }) => {
      const before = await ada.state();
      const first = await ada.suspended(actions["remove the password"]);
      const { at, form, typed } = await prepare(ada, first);
      const second = await ada.suspended(actions["disconnect Google"]);
      const { path, text } = await ada.sends(at, form, typed);
      expect([path, text]).toEqual(["/account/methods", expect.stringContaining(notCarriedOut)]);
      expect(await ada.state()).toEqual(before);

      // The second still waits for a proof of its own, though she was proven to be Ada just now.
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
    `Cancel forgets what waited: a proof by ${by} on its page, sent after that, changes nothing`,
    async ({ visitor: ada }) => {
      const before = await ada.state();
      const page = await ada.suspended(actions["remove the password"]);
      const { at, form, typed } = await prepare(ada, page);
      // The page of the mailed link offers it too.
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

testAda("Cancel in one tab leaves what waits in another", async ({ visitor: ada }) => {
  const first = await ada.suspended(actions["remove the password"]);
  const cancel = await ada.formAt(first, "Cancel");
  const second = await ada.suspended(actions["disconnect Google"]);
  await ada.sends(first, cancel);
  expect(await ada.read(second)).toContain(actions["disconnect Google"].title);
});

testAda("what waited for ten minutes is not carried out", async ({ visitor: ada }) => {
  const before = await ada.state();
  const page = await ada.suspended(actions["remove the password"]);
  const { at, form, typed } = await proofs.password(ada, page);
  // As the browser does when the cookie's time is over.
  ada.client.jar.delete("latchkey-suspended_action");
  const { path, text } = await ada.sends(at, form, typed);
  expect([path, text]).toEqual(["/account/methods", expect.stringContaining(notCarriedOut)]);
  expect(await ada.state()).toEqual(before);
});

testAda("a password that was typed waits for its own page alone", async ({ visitor: ada }) => {
  await ada.outdate();
  await ada.client.json("/api/v1/session/step-ups", { password });
  const change = await ada.formAt("/account/password", "Set password");
  await ada.outdate();
  const before = await ada.state();
  const { path: page, text: asked } = await ada.sends("/account/password", change, {
    password: better,
  });
  expect(asked).toContain("Confirm it’s you to set your password");
  // The same page opened by the menu, without the id.
  const other = page.replace(/&for=.*/, "");
  const { path } = await ada.sends(other, await ada.formAt(other, "Continue"), { password });
  expect(path).toBe("/account/password");
  expect(await ada.state()).toEqual(before);
  const { text } = await ada.sends(page, await ada.formAt(page, "Continue"), { password });
  expect(text).toContain("Your password is set.");
  expect((await ada.state()).hash).not.toBe(before.hash);
});

testAda(
  "what waits is one session's: another of hers with the same cookie and address finds nothing",
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
