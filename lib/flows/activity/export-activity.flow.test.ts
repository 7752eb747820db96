import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { exportActivity } from "./export-activity";
import { listActivity } from "./list-activity";

const world = await setUpWorld();

test("the file has the same events as the list", async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify("ada@example.com", validPassword);
  await new Browser(world).signUpAndVerify("leo@example.com", validPassword);
  const listed = await browser.run(listActivity);
  expect(listed).toMatchObject({ ok: true, value: { events: [{ event: "sign_up.verify" }] } });
  expect(await browser.run(exportActivity)).toMatchObject({
    value: listed.ok && listed.value.events,
  });
});

test("each download is an event, which the next list has", async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify("ada@example.com", validPassword);
  await browser.run(exportActivity);
  expect(await browser.run(listActivity)).toMatchObject({
    value: { events: [{ event: "activity.export", outcome: "ok" }, { event: "sign_up.verify" }] },
  });
});

test("a signed-out browser gets no file", async () => {
  expect(await new Browser(world).run(exportActivity)).toEqual(refused("sign_in_required"));
});
