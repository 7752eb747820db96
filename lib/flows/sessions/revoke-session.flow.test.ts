import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { listSessions } from "./list-sessions";
import { readSession } from "./read-session";
import { revokeSession } from "./revoke-session";

const world = await setUpWorld();
const ada = "ada@example.com";

const signedIn = async (email = ada) => {
  const browser = new Browser(world);
  await browser.signIn(email);
  return browser;
};

/** The ids of a person's sessions: this browser's own, and the others'. */
const sessionsOf = async (browser: Browser) => {
  const listed = await browser.run(listSessions);
  if (!listed.ok) throw new Error("not signed in");
  return {
    own: listed.value.find(({ current }) => current)!.id,
    others: listed.value.filter(({ current }) => !current).map(({ id }) => id),
  };
};

test("ada signs out her phone from her laptop, effective on its next request (S2)", async () => {
  const laptop = await signedIn();
  const phone = await signedIn();
  const { others } = await sessionsOf(laptop);
  expect(await laptop.run(revokeSession, { id: others[0] })).toEqual({
    ok: true,
    value: { current: false },
  });
  expect(laptop.cookieChanges).toEqual({});
  expect(await phone.run(readSession)).toEqual({ ok: true, value: null });
  expect(await laptop.run(readSession)).toMatchObject({ value: { email: ada } });
});

test("she may end her current session, and its cookie is deleted too", async () => {
  const laptop = await signedIn();
  const { own } = await sessionsOf(laptop);
  expect(await laptop.run(revokeSession, { id: own })).toEqual({
    ok: true,
    value: { current: true },
  });
  expect(laptop.cookieChanges).toEqual({ session: "ended" });
});

test("mallory can end only her own sessions, and cannot tell another user's from a missing one", async () => {
  const adas = await signedIn();
  const mallory = await signedIn("mallory@example.com");
  const { own } = await sessionsOf(adas);
  const theirs = await mallory.run(revokeSession, { id: own });
  const none = await mallory.run(revokeSession, { id: "00000000-0000-4000-8000-000000000000" });
  expect(theirs).toEqual(refused("not_found"));
  expect(none).toEqual(refused("not_found"));
  expect(await mallory.run(revokeSession, { id: "1' or true --" })).toEqual(refused("not_found"));
  expect(await adas.run(readSession)).toMatchObject({ value: { email: ada } });
});

test("the log says which user ended a session, and which was refused", async () => {
  const laptop = await signedIn();
  await signedIn();
  const { own, others } = await sessionsOf(laptop);
  const mallory = await signedIn("mallory@example.com");
  await mallory.run(revokeSession, { id: own });
  await laptop.run(revokeSession, { id: others[0] });
  const [hers, mallorys] = [await world.userIdOf(ada), await world.userIdOf("mallory@example.com")];
  expect((await world.audit()).slice(-2)).toMatchObject([
    { event: "session.revoke", outcome: "not_found", caller: mallorys, subject: mallorys },
    { event: "session.revoke", outcome: "ok", caller: hers, subject: hers, session: own },
  ]);
});

test("a session ended twice at the same moment is ended once", async () => {
  const laptop = await signedIn();
  await signedIn();
  const { others } = await sessionsOf(laptop);
  const responses = await Promise.all([
    laptop.run(revokeSession, { id: others[0] }),
    laptop.run(revokeSession, { id: others[0] }),
  ]);
  expect(responses.filter(({ ok }) => ok)).toHaveLength(1);
});

test("a signed-out user is asked to sign in", async () => {
  const laptop = await signedIn();
  const { own } = await sessionsOf(laptop);
  expect(await new Browser(world).run(revokeSession, { id: own })).toEqual(
    refused("sign_in_required"),
  );
});
