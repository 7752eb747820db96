import type { Client } from "./support/client";
import { extents } from "./support/extents";
import type { HttpResponse } from "./support/http";
import { cookiesOf } from "./support/http";
import { setUser, testWithProviders as test } from "./support/oidc";
import { expect } from "./support/test";
import { submitProvider, signInWithProvider } from "./support/oauth";

/** A response without the parts that differ in every request. */
function shape(response: HttpResponse, email: string) {
  const {
    date,
    "content-length": length,
    "set-cookie": cookies,
    etag,
    ...headers
  } = response.headers;
  // The body is compared, and its length depends on that of the address and of the waiting time.
  void [date, length, cookies, etag];
  return {
    status: response.status,
    // The waiting time depends on the clock, and not on the address.
    headers: {
      ...headers,
      "retry-after": headers["retry-after"] && "(wait)",
    },
    cookies: [...cookiesOf(response)].map(([name, { attributes }]) => [
      name.replace(/(-oauth_attempt-[a-z]+)-.+/, "$1-(random)"),
      attributes.filter((attribute) => !attribute.startsWith("Expires=")),
    ]),
    body: response.body
      .replaceAll('</span><span class="unbroken">', "")
      .replaceAll(email, "(address)")
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "(reference)")
      .replaceAll(/data-countdown\\*"?[=:]\\*"?\d+/g, "(countdown)")
      .replaceAll(
        /(again|another one) in (60 seconds|1 minute|\d\d? seconds?)\b/g,
        "$1 in (a minute)",
      )
      .replaceAll(/(again in |"retryAfter":)\d+/g, "$1(wait)")
      .replaceAll(/(state|nonce|code_challenge)=[\w.-]+/g, "$1=(random)"),
  };
}

for (const { extent, details, isWhole } of extents)
  test(
    `a known and an unknown address get the same responses, byte by byte, ${extent}`,
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
          requested: await step(client.requestLink(email)),
          check: await step(client.get("/sign-in/check?asked")),
          again: await step(client.requestLink(email)),
          refused: await step(client.get("/sign-in/check")),
          wrongCode: await step(client.submit("/sign-in/check", "Continue", { code: "000000" })),
          toGoogle: await step(submitProvider(client, "google")),
          redirect: await step(client.get("/sign-in/continue")),
        };
      };
      const first = await walk(known);
      expect(first.redirect.body).toContain("Continue to Google");
      for (const email of [unknown, disabled, ...(isWhole ? ofProviders : [])])
        expect(await walk(email)).toEqual(first);

      // The responses are also the same over the limit of emails to the address.
      for (const email of [known, unknown])
        for (let n = 0; n < 3; n += 1) {
          await db.clearLimits("emails_per_address");
          await newClient().requestLink(email);
        }
      await db.clearLimits("emails_per_address");
      const suppressed = async (email: string) => {
        const client = newClient();
        return [
          shape(await client.requestLink(email), email),
          shape(await client.get("/sign-in/check?asked"), email),
        ];
      };
      expect(await suppressed(unknown)).toEqual([first.requested, first.check]);
      await db.clearLimits("emails_per_address");
      expect(await suppressed(known)).toEqual([first.requested, first.check]);
    },
  );

const password = "four unrelated words here";
const wrong = "what Mallory would guess";
const wished = "what Mallory would like";

for (const { extent, details, first } of extents)
  test(
    `password pages and operations give every address the same responses, byte by byte, ${extent}`,
    details,
    async ({ oidc, newClient, inbox, db, newAddress }) => {
      const signUp = (email: string) => newClient().signUpAndVerify(email, password, inbox);
      const useUpEmails = async (email: string) => {
        for (let n = 0; n < 3; n += 1) {
          await db.clearLimits("emails_per_address");
          await newClient().requestLink(email);
        }
      };
      // The first states differ most from an unknown address.
      const states: Record<string, (email: string) => Promise<unknown>> = {
        "an account that is disabled": async (email) => {
          await signUp(email);
          await db.sql`update users set disabled_at = now() where email = ${email}`;
        },
        "a password, over the limit of emails": async (email) => {
          await signUp(email);
          await useUpEmails(email);
        },
        "a sign-up that another browser started": (email) =>
          newClient().json("/api/v1/sign-ups", { email, password }),
        "only a link": (email) => newClient().signIn(email, inbox),
        "only Google": (email) => {
          setUser(oidc.google, email, { hd: "example.com" });
          return signInWithProvider(newClient(), "google");
        },
        "only LinkedIn, with an unverified email": (email) => {
          setUser(oidc.linkedin, email);
          return signInWithProvider(newClient(), "linkedin");
        },
        "a password": signUp,
        nothing: async () => {},
        "nothing, over the limit of emails": useUpEmails,
      };

      /** Every response, and the page after it, that a stranger gets for an address. */
      async function walk(email: string, suppressed: boolean) {
        const seen: Record<string, unknown> = {};
        let client: Client;
        const begin = async () => {
          await (suppressed ? db.clearLimits("emails_per_address") : db.clearLimits());
          client = newClient();
        };
        const record = async (what: string, responding: Promise<HttpResponse>) => {
          const response = await responding;
          const to = client.whereTo(response);
          seen[what] = [shape(response, email), to && shape(await client.get(to), email)];
        };
        const signUpForm = { email, password: wished };
        const code = "000000";
        const clearResendLimits = () => db.clearOnlyLimits("resends", "email_requests_per_ip");

        await begin();
        await record("sign-up", client!.submit("/sign-up", "Sign up", signUpForm));
        await record("again, at once", client!.submit("/sign-up", "Sign up", signUpForm));
        await record("the code again, at once", client!.submit("/verify-email", "Send again"));
        await clearResendLimits();
        await record("the code again", client!.submit("/verify-email", "Send again"));
        await record(
          "a wrong code",
          client!.submit("/verify-email", "Finish signing up", { code }),
        );
        await record("a wrong password there", signIn(client!, email, wrong));
        await record("the attempt's password", signIn(client!, email, wished));
        await begin();
        await record("a wrong password", signIn(client!, email, wrong));
        await record("another's attempt", signIn(client!, email, wished));
        await begin();
        await record("a code for nothing", client!.json("/api/v1/sign-ups/resends", { email }));
        await begin();
        await record("reset", client!.submit("/password", "Email me a link", { email }));
        await record("reset, at once", client!.submit("/password", "Email me a link", { email }));
        const reset = { code, password: wished };
        const save = "Set password and sign in";
        await record("a wrong reset code", client!.submit("/password/check", save, reset));

        const v1 = (path: string, body: object) =>
          client.json(`/api/v1/${path}`, { email, ...body });
        await begin();
        await record("JSON sign-up", v1("sign-ups", { password: wished }));
        await record("JSON resend, at once", v1("sign-ups/resends", {}));
        await clearResendLimits();
        await record("JSON resend", v1("sign-ups/resends", {}));
        for (let n = 1; n <= 6; n += 1)
          await record(`JSON wrong code ${n}`, v1("sign-ups/verifications", { code }));
        await record("JSON wrong password", v1("sessions", { password: wrong }));
        await record("JSON attempt's password", v1("sessions", { password: wished }));
        await begin();
        await record("JSON reset", v1("password-resets", {}));
        for (let n = 1; n <= 6; n += 1)
          await record(`JSON wrong reset code ${n}`, v1("password-resets/redemptions", reset));
        return seen;
      }

      const ofUnknown = await walk(newAddress("first"), false);
      const responses = JSON.stringify(ofUnknown);
      for (const sentence of [
        "email and password don’t match",
        "That code is wrong",
        "Enter the code we emailed",
      ])
        expect(responses).toContain(sentence);
      for (const [what, prepare] of first(3, Object.entries(states))) {
        await db.clearLimits();
        const email = newAddress("other");
        await prepare(email);
        if (!/nothing|sign-up/.test(what))
          expect(await db.sql`select 1 from users where email = ${email}`, what).toHaveLength(1);
        const seen = await walk(email, what.includes("limit"));
        for (const [step, response] of Object.entries(seen))
          expect(response, `${step}, for ${what}`).toEqual(ofUnknown[step]);
        if (!what.includes("disabled")) continue;
        const client = newClient();
        const right = await client.follow(await signIn(client, email, password));
        const stranger = newClient();
        const guessed = await stranger.follow(await signIn(stranger, email, wrong));
        expect(shape(right, email)).toEqual(shape(guessed, email));
      }
    },
  );

const signIn = (client: Client, email: string, password: string) =>
  client.submit("/sign-in/password", "Sign in", { email, password });

test("every kind of invalid link gets the same response", async ({
  newClient,
  inbox,
  db,
  newAddress,
}) => {
  const visitInvalid = async (kind: string) => {
    await db.clearLimits();
    const email = newAddress("ada");
    const asker = newClient();
    await asker.requestLink(email);
    const { path, token } = await inbox.letterTo(email);
    if (kind === "used") await asker.submit(path, "Sign in");
    if (kind === "cancelled") await asker.submit(path, "Cancel this request");
    if (kind === "expired")
      await db.advance("verifications", "2 hours", { column: "identifier", is: email });
    const other =
      kind === "tampered" ? token.slice(0, -1) + (token.endsWith("A") ? "B" : "A") : token;
    const response = await newClient().get(`/l/${kind === "unknown" ? "x".repeat(43) : other}`);
    const shaped = shape(response, email);
    const plain = (text: string) => text.replaceAll(/\/?l\\?\/[\w-]{43}|[\w-]{43}/g, "(token)");
    return { ...shaped, body: plain(shaped.body) };
  };
  const first = await visitInvalid("used");
  expect(first.body).toContain("This link can’t be used");
  for (const kind of ["cancelled", "expired", "tampered", "unknown"])
    expect(await visitInvalid(kind), kind).toEqual(first);
});
