import type { Client } from "./support/client";
import { extents } from "./support/extents";
import type { HttpResponse } from "./support/http";
import { cookiesOf } from "./support/http";
import { setUser, testWithProviders as test } from "./support/oidc";
import { expect } from "./support/test";
import { press, signInWithProvider } from "./support/oauth";

/** An answer without what differs from one request to the next in any case. */
function shape(response: HttpResponse, email: string) {
  const {
    date,
    "content-length": length,
    "set-cookie": cookies,
    etag,
    ...headers
  } = response.headers;
  // The body is compared itself; its length tells how long the address is, and how many digits a wait has.
  void [date, length, cookies, etag];
  return {
    status: response.status,
    // A second more or less to wait tells the time, and nothing of the address.
    headers: {
      ...headers,
      "retry-after": headers["retry-after"] && "(wait)",
    },
    cookies: [...cookiesOf(response)].map(([name, { attributes }]) => [
      name,
      attributes.filter((attribute) => !attribute.startsWith("Expires=")),
    ]),
    body: response.body
      .replaceAll(email, "(address)")
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "(reference)")
      .replaceAll(/data-countdown\\*"?[=:]\\*"?\d+/g, "(countdown)")
      .replaceAll(
        /(again|another one) in (60 seconds|1 minute|\d\d? seconds?)\b/g,
        "$1 in (a minute)",
      )
      .replaceAll(/(again in |"retryAfter":)\d+/g, "$1(wait)")
      .replaceAll(/(state|nonce|code_challenge)=[\w.-]+/g, "$1=(chance)"),
  };
}

for (const { extent, details, isWhole } of extents)
  test(
    `a known and an unknown address are answered alike, byte by byte, ${extent}`,
    details,
    async ({ oidc, newClient, inbox, db, newAddress }) => {
      const known = newAddress("known");
      await newClient().signIn(known, inbox);
      const disabled = newAddress("gone-");
      await newClient().signIn(disabled, inbox);
      await db.sql`update users set disabled_at = now() where email = ${disabled}`;
      const unknown = newAddress("other");
      const ofProviders = [newAddress("known"), newAddress("known")];
      if (isWhole) {
        const [byGoogle = "", byLinkedIn = ""] = ofProviders;
        setUser(oidc.google, byGoogle, { hd: "example.com" });
        setUser(oidc.linkedin, byLinkedIn);
        for (const provider of ["google", "linkedin"] as const)
          await signInWithProvider(newClient(), provider);
        expect(
          await db.sql`select 1 from users where email in ${db.sql(ofProviders)}`,
        ).toHaveLength(2);
      }

      const walk = async (email: string) => {
        await db.clearLimits();
        const client = newClient();
        const step = async (response: Promise<HttpResponse>) => shape(await response, email);
        return {
          asked: await step(client.askForLink(email)),
          check: await step(client.get("/sign-in/check?asked")),
          again: await step(client.askForLink(email)),
          told: await step(client.get("/sign-in/check")),
          wrongCode: await step(client.submit("/sign-in/check", "Continue", { code: "000000" })),
          toGoogle: await step(press(client, "google")),
          leaving: await step(client.get("/sign-in/continue")),
        };
      };
      const first = await walk(known);
      expect(first.leaving.body).toContain("Continue to Google");
      for (const email of [unknown, disabled, ...(isWhole ? ofProviders : [])])
        expect(await walk(email)).toEqual(first);

      // And when the limit of letters to the address is reached.
      for (const email of [known, unknown])
        for (let n = 0; n < 3; n += 1) {
          await db.sql`delete from limits where rule <> 'emails_per_address'`;
          await newClient().askForLink(email);
        }
      await db.sql`delete from limits where rule <> 'emails_per_address'`;
      const suppressed = async (email: string) => {
        const client = newClient();
        return [
          shape(await client.askForLink(email), email),
          shape(await client.get("/sign-in/check?asked"), email),
        ];
      };
      expect(await suppressed(unknown)).toEqual([first.asked, first.check]);
      await db.sql`delete from limits where rule <> 'emails_per_address'`;
      expect(await suppressed(known)).toEqual([first.asked, first.check]);
    },
  );

const password = "four unrelated words here";
const wrong = "what Mallory would guess";
const wished = "what Mallory would like";

for (const { extent, details, first } of extents)
  test(
    `whatever an address has here, passwords answer it alike, byte by byte, ${extent}`,
    details,
    async ({ oidc, newClient, inbox, db, newAddress }) => {
      const clearLimits = (keptRule = "") => db.sql`delete from limits where rule <> ${keptRule}`;
      const join = (email: string) => newClient().join(email, password, inbox);
      const spendLetters = async (email: string) => {
        for (let n = 0; n < 3; n += 1) {
          await clearLimits("emails_per_address");
          await newClient().askForLink(email);
        }
      };
      // The first ones differ most from having nothing.
      const states: Record<string, (email: string) => Promise<unknown>> = {
        "an account that is disabled": async (email) => {
          await join(email);
          await db.sql`update users set disabled_at = now() where email = ${email}`;
        },
        "a password, over the limit of letters": async (email) => {
          await join(email);
          await spendLetters(email);
        },
        "a sign-up that another browser began": (email) =>
          newClient().json("/api/v1/sign-ups", { email, password }),
        "a link alone": (email) => newClient().signIn(email, inbox),
        "Google alone": (email) => {
          setUser(oidc.google, email, { hd: "example.com" });
          return signInWithProvider(newClient(), "google");
        },
        "LinkedIn alone, its mailbox unproven": (email) => {
          setUser(oidc.linkedin, email);
          return signInWithProvider(newClient(), "linkedin");
        },
        "a password": join,
        nothing: async () => {},
        "nothing, over the limit of letters": spendLetters,
      };

      /** All that a stranger can ask of an address, with what each answer leads to. */
      async function walk(email: string, suppressed: boolean) {
        const seen: Record<string, unknown> = {};
        let client: Client;
        const begin = async () => {
          await clearLimits(suppressed ? "emails_per_address" : "");
          client = newClient();
        };
        const look = async (what: string, answering: Promise<HttpResponse>) => {
          const response = await answering;
          const to = client.whereTo(response);
          seen[what] = [shape(response, email), to && shape(await client.get(to), email)];
        };
        const newOne = { email, password: wished };
        const code = "000000";
        const forget = () =>
          db.sql`delete from limits where rule in ('resends', 'email_requests_per_ip')`;

        await begin();
        await look("sign-up", client!.submit("/sign-up", "Sign up", newOne));
        await look("again, at once", client!.submit("/sign-up", "Sign up", newOne));
        await look("the code again, at once", client!.submit("/verify-email", "Send again"));
        await forget();
        await look("the code again", client!.submit("/verify-email", "Send again"));
        await look("a wrong code", client!.submit("/verify-email", "Finish signing up", { code }));
        await look("a wrong password there", enter(client!, email, wrong));
        await look("the attempt's password", enter(client!, email, wished));
        await begin();
        await look("a wrong password", enter(client!, email, wrong));
        await look("another's attempt", enter(client!, email, wished));
        await begin();
        await look("a code for nothing", client!.json("/api/v1/sign-ups/resends", { email }));
        await begin();
        await look("reset", client!.submit("/password", "Email me a link", { email }));
        await look("reset, at once", client!.submit("/password", "Email me a link", { email }));
        const reset = { code, password: wished };
        const save = "Set password and sign in";
        await look("a wrong reset code", client!.submit("/password/check", save, reset));

        const v1 = (path: string, body: object) =>
          client.json(`/api/v1/${path}`, { email, ...body });
        await begin();
        await look("JSON sign-up", v1("sign-ups", { password: wished }));
        await look("JSON resend, at once", v1("sign-ups/resends", {}));
        await forget();
        await look("JSON resend", v1("sign-ups/resends", {}));
        for (let n = 1; n <= 6; n += 1)
          await look(`JSON wrong code ${n}`, v1("sign-ups/verifications", { code }));
        await look("JSON wrong password", v1("sessions", { password: wrong }));
        await look("JSON attempt's password", v1("sessions", { password: wished }));
        await begin();
        await look("JSON reset", v1("password-resets", {}));
        for (let n = 1; n <= 6; n += 1)
          await look(`JSON wrong reset code ${n}`, v1("password-resets/redemptions", reset));
        return seen;
      }

      const ofNobody = await walk(newAddress("first"), false);
      const told = JSON.stringify(ofNobody);
      for (const sentence of [
        "email and password don’t match",
        "That code is wrong",
        "Enter the code we emailed",
      ])
        expect(told).toContain(sentence);
      for (const [what, prepare] of first(3, Object.entries(states))) {
        await db.clearLimits();
        const email = newAddress("other");
        await prepare(email);
        if (!/nothing|sign-up/.test(what))
          expect(await db.sql`select 1 from users where email = ${email}`, what).toHaveLength(1);
        const seen = await walk(email, what.includes("limit"));
        for (const [step, response] of Object.entries(seen))
          expect(response, `${step}, for ${what}`).toEqual(ofNobody[step]);
        if (!what.includes("disabled")) continue;
        const client = newClient();
        const right = await client.follow(await enter(client, email, password));
        const stranger = newClient();
        const guessed = await stranger.follow(await enter(stranger, email, wrong));
        expect(shape(right, email)).toEqual(shape(guessed, email));
      }
    },
  );

const enter = (client: Client, email: string, password: string) =>
  client.submit("/sign-in/password", "Sign in", { email, password });

test("every kind of dead link is answered alike", async ({ newClient, inbox, db, newAddress }) => {
  const dead = async (kind: string) => {
    await db.clearLimits();
    const email = newAddress("ada");
    const asker = newClient();
    await asker.askForLink(email);
    const { path, token } = await inbox.letterTo(email);
    if (kind === "used") await asker.submit(path, "Sign in");
    if (kind === "cancelled") await asker.submit(path, "Cancel this request");
    if (kind === "expired")
      await db.advance("verifications", "2 hours", { column: "identifier", is: email });
    const other =
      kind === "tampered" ? token.slice(0, -1) + (token.endsWith("A") ? "B" : "A") : token;
    const response = await newClient().get(`/l/${kind === "unknown" ? "x".repeat(43) : other}`);
    const looked = shape(response, email);
    const plain = (text: string) => text.replaceAll(/\/?l\\?\/[\w-]{43}|[\w-]{43}/g, "(token)");
    return { ...looked, body: plain(looked.body) };
  };
  const first = await dead("used");
  expect(first.body).toContain("This link can’t be used");
  for (const kind of ["cancelled", "expired", "tampered", "unknown"])
    expect(await dead(kind), kind).toEqual(first);
});
