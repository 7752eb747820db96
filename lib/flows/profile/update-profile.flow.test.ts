import { expect, test } from "vitest";
import { readSession } from "@/lib/flows/sessions/read-session";
import { bounds } from "@/lib/core/policy";
import { Browser } from "@/test/support/browser";
import { refused, setUpWorld } from "@/test/support/setup";
import { readProfile } from "./read-profile";
import { updateProfile } from "./update-profile";

const world = await setUpWorld();

const signedIn = async (email: string) => {
  const browser = new Browser(world);
  await browser.signIn(email);
  return browser;
};

/** What is stored after this input; the code of a refusal otherwise. */
async function stored(browser: Browser, input: { name?: unknown; timeZone?: unknown }) {
  const result = await browser.run(updateProfile, { name: "", timeZone: "", ...input });
  if (!result.ok) return result.refusal.code;
  const read = await browser.run(readProfile);
  return read.ok && { name: read.value.name, timeZone: read.value.timeZone };
}

test("ada says what she is called and where she lives, and nobody else is", async () => {
  const [ada, leo] = [await signedIn("ada@example.com"), await signedIn("leo@example.com")];
  const profile = { name: "Ada Lovelace", timeZone: "Europe/London" };
  expect(await stored(ada, profile)).toEqual(profile);
  expect(await leo.run(readProfile)).toMatchObject({ value: { name: null, timeZone: null } });
  expect(await ada.run(readSession)).toMatchObject({ value: { timeZone: "Europe/London" } });
  expect((await world.audit()).at(-1)).toMatchObject({
    event: "profile.update",
    subject: await world.userIdOf("ada@example.com"),
  });
  expect(await stored(ada, {})).toEqual({ name: null, timeZone: null });
});

test("names are stored as they are written, with single spaces", async () => {
  const ada = await signedIn("ada@example.com");
  const accepted = [
    ["  Ada   Lovelace ", "Ada Lovelace"],
    ["<b>Ada</b> & Co", "<b>Ada</b> & Co"],
    ["अदा लवलेस", "अदा लवलेस"],
    ["עדה", "עדה"],
    ["👩‍💻 Ada", "👩‍💻 Ada"],
    ["Zoe\u0301", "Zo\u00e9"],
    ["é".repeat(bounds.nameLength), "é".repeat(bounds.nameLength)],
    ["\u00a0\u3000", null],
  ] as const;
  for (const [name, expected] of accepted)
    expect(await stored(ada, { name }), name).toEqual({ name: expected, timeZone: null });
});

test.each([
  ["Ada\r\nBcc: leo@example.com", "name_invalid"],
  ["Ada\u0000", "name_invalid"],
  ["Ada\u001b[31m", "name_invalid"],
  ["Ada\u2028Lovelace", "name_invalid"],
  ["Ada\u202egnp.exe", "name_invalid"],
  ["Ada\u2066Lovelace", "name_invalid"],
  ["Ada\ud800", "name_invalid"],
  [42, "name_invalid"],
  ["é".repeat(bounds.nameLength + 1), "name_too_long"],
  ["a".repeat(100_000), "name_too_long"],
])("the name %j is refused", async (name, code) => {
  expect(await stored(await signedIn("ada@example.com"), { name })).toBe(code);
});

test("time zones are those that Intl knows, in its spelling", async () => {
  const ada = await signedIn("ada@example.com");
  expect(await stored(ada, { timeZone: "eUROPE/bERLIN" })).toMatchObject({
    timeZone: "Europe/Berlin",
  });
  expect(await stored(ada, { timeZone: "UTC" })).toMatchObject({ timeZone: "UTC" });
  for (const timeZone of ["+01:00", "Mars/Olympus", "Europe/Berlin\n", "../etc/passwd", 42])
    expect(await stored(ada, { timeZone }), String(timeZone)).toBe("time_zone_invalid");
});

test("a signed-out browser changes nothing", async () => {
  expect(await new Browser(world).run(updateProfile, { name: "Ada", timeZone: "" })).toEqual(
    refused("sign_in_required"),
  );
});
