import { readdirSync } from "node:fs";
import { Client } from "./support/client";
import type { Db } from "./support/db";
import { extents } from "./support/extents";
import { type Form, formWith, textOf } from "./support/forms";
import type { Inbox } from "./support/inbox";
import { testWithProviders as test } from "./support/oidc";
import { insertSetupLink } from "./support/setup-link";
import { insertPendingIdentity } from "./support/pending-identity";
import { expect } from "./support/test";

/** A form only acts for the user whom its page showed as signed in (F100, F107). */

const shownToField = "shown-to";
const password = "four unrelated words here";
const typedByAda = "a password that ada typed";

/** The path of a page, or how to get one for this user. */
type PagePath = string | ((of: Person) => Promise<string>);

/** Every page for users who are signed in. A missing page fails the test below. */
const pages: Record<string, readonly PagePath[]> = {
  "account/page": ["/account"],
  "account/connect/page": ["/account/connect"],
  "account/disconnect/[provider]/page": ["/account/disconnect/linkedin"],
  "account/delete/page": ["/account/delete"],
  // Only for an account that will be erased.
  "account/restore/page": [],
  "account/email/page": ["/account/email"],
  "account/email/check/page": [(person) => person.changingEmail()],
  "account/methods/page": ["/account/methods"],
  "account/password/page": ["/account/password"],
  "account/password/remove/page": ["/account/password/remove"],
  "account/confirm/page": ["/account/confirm?asked", (person) => person.suspended()],
  "account/activity/page": ["/account/activity"],
  "account/profile/page": ["/account/profile"],
  "account/sessions/page": ["/account/sessions"],
  "account/sessions/sign-out-others/page": ["/account/sessions/sign-out-others"],
  "admin/audit/page": [(person) => person.staffPath("/audit")],
  "admin/invitations/page": [(person) => person.staffPath("/invitations")],
  "admin/mail/page": [(person) => person.staffPath("/mail")],
  "admin/sign-ups/page": [(person) => person.staffPath("/sign-ups")],
  "admin/system/page": [(person) => person.staffPath("/system")],
  "admin/users/page": [(person) => person.staffPath("/users")],
  "admin/users/[id]/page": [(person) => person.staffPath("/users/{member}")],
  "admin/users/[id]/access-link/page": [
    (person) => person.staffPath("/users/{member}/access-link"),
  ],
  "admin/users/[id]/email/page": [(person) => person.staffPath("/users/{member}/email")],
  "admin/users/[id]/disable/page": [(person) => person.staffPath("/users/{member}/disable")],
  "admin/users/[id]/enable/page": [(person) => person.staffPath("/users/{disabled}/enable")],
  "admin/users/[id]/role/page": [(person) => person.staffPath("/users/{member}/role")],
  "admin/users/[id]/sign-out/page": [(person) => person.staffPath("/users/{member}/sign-out")],
  "l/confirm/[token]/page": [(person) => person.stepUpLink()],
  "l/setup/[token]/page": [(person) => person.setupLink()],
};

/** Other pages whose forms depend on the user who is signed in. */
const alsoShown: readonly PagePath[] = [(person) => person.switching()];

/** A user with a password, an unconfirmed provider, a pending identity and a second session. */
class Person {
  constructor(
    readonly client: Client,
    readonly email: string,
    private readonly inbox: Inbox,
    private readonly db: Db,
  ) {}

  async signUpAndVerify(): Promise<this> {
    const { client, email, db } = this;
    await client.signUpAndVerify(email, password, this.inbox);
    await db.sql`insert into auth_providers (user_id, provider, subject, address, confirmation_required_at)
      select id, 'linkedin', email, email, now() from users where email = ${email}`;
    await new Client(client.serverAddress).json("/api/v1/sessions", { email, password });
    await insertPendingIdentity(db, client, email);
    return this;
  }

  outdate = () =>
    this.db.sql`update sessions set authenticated_at = now() - interval '11 minutes'
      where user_id = (select id from users where email = ${this.email})`;

  async suspended(): Promise<string> {
    await this.outdate();
    const response = await this.client.submit("/account/password/remove", "Remove password");
    const at = this.client.whereTo(response)!;
    await this.client.json("/api/v1/session/step-ups", { password });
    return at;
  }

  async stepUpLink(): Promise<string> {
    await this.client.submit("/account/confirm", "Email me a link and a code");
    return (await this.inbox.letterTo(this.email)).path;
  }

  /** A page for staff: makes this user one of them, with somebody to act on. */
  async staffPath(path: string): Promise<string> {
    const { sql } = this.db;
    await sql`update users set role = 'admin' where email = ${this.email}`;
    await sql`update sessions set authenticated_at = now()
      where user_id = (select id from users where email = ${this.email})`;
    const [member, disabled] = await sql<{ id: string }[]>`
      insert into users (email, disabled_at) values (${`member-${this.email}`}, null),
        (${`disabled-${this.email}`}, now())
      on conflict (email) do update set email = excluded.email returning id`;
    await sql`insert into auth_providers (user_id, provider) values (${member!.id}, 'magic_link')
      on conflict do nothing`;
    return `/admin${path}`.replace("{member}", member!.id).replace("{disabled}", disabled!.id);
  }

  /** The link that a server prints while there is no admin. */
  async setupLink(): Promise<string> {
    await this.db.sql`update users set role = 'member'`;
    return insertSetupLink(this.db);
  }

  async switching(): Promise<string> {
    await insertPendingIdentity(this.db, this.client, `elsewhere-${this.email}`);
    return "/sign-in/switch";
  }

  async changingEmail(): Promise<string> {
    await this.db.clearLimits();
    await this.client.json("/api/v1/email-changes", { email: `new-${this.email}` });
    return "/account/email/check";
  }

  userId = async () => (await this.client.shownToField())["shown-to"];
}

interface Found {
  readonly at: string;
  readonly button: string;
  readonly form: Form;
  readonly html: string;
}

/** Every form of a page, by each of its buttons. */
async function formsAt({ client }: Person, at: string): Promise<Found[]> {
  const { status, body } = await client.get(at);
  expect(status, at).toBe(200);
  return [...body.matchAll(/<form\b(?![^>]*method="get").*?<\/form>/gs)].flatMap(([html]) =>
    [...html.matchAll(/<button\b.*?<\/button>/gs)].map(([button]) => {
      const label = textOf(button.replace(/<span class="badge">.*?<\/span>/g, ""));
      return { at, html, button: label, form: formWith(html, label) };
    }),
  );
}

async function everyForm(person: Person, extra: readonly PagePath[] = []): Promise<Found[]> {
  const found: Found[] = [];
  for (const at of [...Object.values(pages).flat(), ...extra]) {
    const path = typeof at === "string" ? at : await at(person);
    const forms = await formsAt(person, path);
    expect(forms.length, path).toBeGreaterThan(0);
    found.push(...forms);
  }
  return found;
}

/** Every user's data, and every pending request. */
async function stateOf({ sql }: Db) {
  return sql`
    select 'user ' || u::text as what from users u
    union all select 'method ' || p::text from auth_providers p
    union all select concat_ws(' ', 'session', id, token_digest, authenticated_at, ends_at)
      from sessions where ends_at > now()
    union all select 'oauth attempt ' || h::text from oauth_attempts h
    union all select 'asked ' || v::text from verifications v
    order by 1`;
}

/** Valid input for Leo in each visible field. */
const typed = ({ fields }: Form, code: string): Record<string, string> =>
  Object.fromEntries(
    fields.flatMap(([name]) => {
      if (name === "password" || name === "confirmPassword") return [[name, typedByAda]];
      return name === "code" ? [[name, code]] : [];
    }),
  );

test("the list above names every page for users who are signed in", () => {
  const written = readdirSync("app/(signed-in)", { recursive: true, encoding: "utf8" })
    .filter((file) => /(^|\/)page\.tsx$/.test(file))
    .map((file) => file.replace(/\.tsx$/, ""));
  expect(Object.keys(pages).sort()).toEqual(written.sort());
});

test("every form on a page for a signed-in user names that user", async ({
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const ada = await new Person(newClient(), newAddress("ada"), inbox, db).signUpAndVerify();
  const id = await ada.userId();
  for (const { at, button, form } of await everyForm(ada, alsoShown))
    expect(
      form.fields.filter(([name]) => name === shownToField),
      `“${button}” at ${at}`,
    ).toEqual([[shownToField, id]]);
});

test("Ada's forms change nothing once Leo is signed in, and he is told so", async ({
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const client = newClient();
  const ada = await new Person(client, newAddress("ada"), inbox, db).signUpAndVerify();
  const forms = await everyForm(ada, alsoShown);
  await client.submit("/account", "Sign out");
  const leo = await new Person(client, newAddress("leo"), inbox, db).signUpAndVerify();
  await client.submit("/account/confirm", "Email me a link and a code");
  const { code } = await inbox.letterTo(leo.email);
  const before = await stateOf(db);
  const jar = new Map(client.jar);
  for (const { at, button, form } of forms) {
    const what = `“${button}” at ${at}`;
    const response = await client.post(at, form, typed(form, code));
    expect(client.whereTo(response), what).toBe("/account");
    const { body } = await client.follow(response);
    expect(textOf(body), what).toContain(
      `You’re now signed in as ${leo.email}, so nothing was changed.`,
    );
    for (const adas of [ada.email, typedByAda]) expect(body, what).not.toContain(adas);
    for (const name of ["session", "pending_identity"])
      expect(client.jar.get(`latchkey-${name}`), what).toBe(jar.get(`latchkey-${name}`));
    expect(await stateOf(db), what).toEqual(before);
  }
});

test("Ada's forms change nothing after she signs out, and lead to the sign-in page", async ({
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const client = newClient();
  const ada = await new Person(client, newAddress("ada"), inbox, db).signUpAndVerify();
  const forms = await everyForm(ada, alsoShown);
  await client.submit("/account", "Sign out");
  const before = await stateOf(db);
  for (const { at, button, form } of forms) {
    // Signing out is already done.
    if (button === "Sign out" || button === "Sign out instead") continue;
    const what = `“${button}” at ${at}`;
    const response = await client.post(at, form, typed(form, "123456"));
    expect(client.whereTo(response), what).toMatch(/^\/sign-in\?next=%2F(account|admin)/);
    expect(textOf((await client.follow(response)).body), what).toContain(
      "You were signed out, so nothing was changed.",
    );
    expect(await stateOf(db), what).toEqual(before);
  }
});

for (const { extent, details, pairs } of extents)
  test(
    `a form that does not name its user, or names it twice, is refused, ${extent}`,
    details,
    async ({ newClient, newAddress, inbox, db }) => {
      const ada = await new Person(newClient(), newAddress("ada"), inbox, db).signUpAndVerify();
      const forms = await everyForm(ada, alsoShown);
      const id = await ada.userId();
      const before = await stateOf(db);
      for (const [{ at, button, form }, named] of pairs(forms, [null, "", [id, id]])) {
        const what = `“${button}” at ${at} with ${JSON.stringify(named)}`;
        const more = { ...typed(form, "123456"), [shownToField]: named };
        const response = await ada.client.follow(await ada.client.post(at, form, more));
        expect(textOf(response.body), what).toContain("nothing was changed");
        expect(await stateOf(db), what).toEqual(before);
      }
    },
  );

test("Ada's forms still work in her next session", async ({ newClient, newAddress, inbox, db }) => {
  const client = newClient();
  const ada = await new Person(client, newAddress("ada"), inbox, db).signUpAndVerify();
  const at = "/account/sessions/sign-out-others";
  const form = formWith((await client.get(at)).body, "Sign out everywhere else");
  await client.submit("/account", "Sign out");
  await client.json("/api/v1/sessions", { email: ada.email, password });
  const { body } = await client.follow(await client.post(at, form));
  expect(textOf(body)).toContain("You’re signed out everywhere else.");
  expect(await db.sessionsOf(ada.email)).toHaveLength(1);
});

test("a link page opened without a session does not sign Leo out, and the link still works", async ({
  newClient,
  newAddress,
  inbox,
  db,
}) => {
  const client = newClient();
  const [ada, leo] = [newAddress("ada"), newAddress("leo")];
  await client.requestLink(ada);
  const { path } = await inbox.letterTo(ada);
  const form = formWith((await client.get(path)).body, "Sign in");
  await client.signUpAndVerify(leo, password, inbox);
  const { body } = await client.follow(await client.post(path, form));
  expect(textOf(body)).toContain(`You’re now signed in as ${leo}, so nothing was changed.`);
  expect((await db.sessionsOf(leo)).length).toBe(1);
  expect(await db.verificationsOf(ada)).toMatchObject([{ state: "live" }]);
  // The page, opened again, names the signed-in user and asks whether to switch.
  await client.submit(path, "Switch account");
  expect(await db.sessionsOf(leo)).toEqual([]);
  expect(await db.sessionsOf(ada)).toHaveLength(1);
});
