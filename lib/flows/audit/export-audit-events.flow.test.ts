import { expect, test } from "vitest";
import { minutes } from "@/lib/core/duration";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { runOnCommandLine, staffBrowser } from "@/test/support/staff";
import { exportAuditEvents } from "./export-audit-events";
import { listAuditEvents } from "./list-audit-events";

const world = await setUpWorld();

test("the file has what the search finds, for staff who authenticated within half an hour", async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify("ada@example.com", validPassword);
  const support = await staffBrowser(world, "support");
  const input = { user: "ada@example.com" };
  const listed = await support.run(listAuditEvents, input);
  expect(await support.run(exportAuditEvents, input)).toMatchObject({
    value: listed.ok && listed.value.events,
  });
  expect(await support.run(exportAuditEvents, { user: "nobody@example.com" })).toEqual({
    ok: true,
    value: [],
  });
  expect(await browser.run(exportAuditEvents, input)).toEqual(refused("not_found"));
  await world.advance(minutes(30));
  expect(await support.run(exportAuditEvents, input)).toEqual(refused("step_up_required"));
});

test("each download is an event of who did it, which other staff find", async () => {
  const support = await staffBrowser(world, "support");
  const admin = await staffBrowser(world, "admin");
  const input = { user: "nobody@example.com" };
  expect(await support.run(exportAuditEvents, input)).toMatchObject({ ok: true });
  expect(await runOnCommandLine(world, exportAuditEvents, input)).toMatchObject({ ok: true });
  const download = { event: "audit.export", outcome: "ok" };
  expect(await admin.run(listAuditEvents, { event: "audit.export" })).toMatchObject({
    value: {
      events: [
        { ...download, caller: null, subject: null },
        { ...download, caller: "support@example.com", subject: "support@example.com" },
      ],
    },
  });
  expect(await admin.run(listAuditEvents, { user: "support@example.com" })).toMatchObject({
    value: { events: [download, { event: "magic_link.redeem" }] },
  });
});
