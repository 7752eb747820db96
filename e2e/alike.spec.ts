import type { Answer } from "./support/http";
import { cookiesOf } from "./support/http";
import { expect, test } from "./support/test";

/** An answer without what differs from one request to the next in any case. */
function shape(answer: Answer, email: string) {
  const {
    date,
    "content-security-policy": policy,
    "set-cookie": cookies,
    etag,
    ...headers
  } = answer.headers;
  void [date, policy, cookies, etag];
  return {
    status: answer.status,
    headers: { ...headers, link: withoutNonce(String(headers.link)) },
    cookies: [...cookiesOf(answer)].map(([name, { attributes }]) => [
      name,
      attributes.filter((attribute) => !attribute.startsWith("Expires=")),
    ]),
    body: withoutNonce(answer.body)
      .replaceAll(email, "(address)")
      .replaceAll(/data-countdown=\\?"\d+\\?"|"data-countdown":\d+/g, "(countdown)"),
  };
}

const withoutNonce = (text: string) => text.replaceAll(/[A-Za-z0-9+/]{22}==/g, "(nonce)");

test("a known and an unknown address are answered alike, byte by byte @once", async ({
  newClient,
  inbox,
  db,
  newAddress,
}) => {
  const known = newAddress("known");
  await newClient().signIn(known, inbox);
  const disabled = newAddress("gone-");
  await newClient().signIn(disabled, inbox);
  await db.sql`update users set disabled_at = now() where email = ${disabled}`;
  const unknown = newAddress("other");

  const walk = async (email: string) => {
    await db.clearLimits();
    const client = newClient();
    const step = async (answer: Promise<Answer>) => shape(await answer, email);
    return {
      asked: await step(client.askForLink(email)),
      check: await step(client.get("/sign-in/check?asked")),
      again: await step(client.askForLink(email)),
      told: await step(client.get("/sign-in/check")),
      wrongCode: await step(client.submit("/sign-in/check", "Continue", { code: "000000" })),
    };
  };
  const [first, ...others] = [await walk(known), await walk(unknown), await walk(disabled)];
  for (const other of others) expect(other).toEqual(first);

  // And when the limit of letters to the address is reached.
  for (const email of [known, unknown])
    for (let n = 0; n < 3; n += 1) {
      await db.sql`delete from limits where rule <> 'letters_per_address'`;
      await newClient().askForLink(email);
    }
  await db.sql`delete from limits where rule <> 'letters_per_address'`;
  const overLimit = async (email: string) => {
    const client = newClient();
    return [
      shape(await client.askForLink(email), email),
      shape(await client.get("/sign-in/check?asked"), email),
    ];
  };
  expect(await overLimit(unknown)).toEqual([first.asked, first.check]);
  await db.sql`delete from limits where rule <> 'letters_per_address'`;
  expect(await overLimit(known)).toEqual([first.asked, first.check]);
});

test("every kind of dead link is answered alike @once", async ({
  newClient,
  inbox,
  db,
  newAddress,
}) => {
  const dead = async (kind: string) => {
    await db.clearLimits();
    const email = newAddress("ada");
    const asker = newClient();
    await asker.askForLink(email);
    const { path, token } = await inbox.letterTo(email);
    if (kind === "used") await asker.submit(path, "Sign in");
    if (kind === "cancelled") await asker.submit(path, "Cancel this request");
    if (kind === "expired")
      await db.age("verifications", "2 hours", { column: "identifier", is: email });
    const other =
      kind === "tampered" ? token.slice(0, -1) + (token.endsWith("A") ? "B" : "A") : token;
    const answer = await newClient().get(`/l/${kind === "unknown" ? "x".repeat(43) : other}`);
    const looked = shape(answer, email);
    const plain = (text: string) =>
      text
        .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "(reference)")
        .replaceAll(/\/?l\\?\/[\w-]{43}|[\w-]{43}/g, "(token)");
    return { ...looked, body: plain(looked.body) };
  };
  const first = await dead("used");
  expect(first.body).toContain("This link can’t be used");
  for (const kind of ["cancelled", "expired", "tampered", "unknown"])
    expect(await dead(kind), kind).toEqual(first);
});
