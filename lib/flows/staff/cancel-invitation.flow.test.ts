import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { lettersOf } from "@/test/support/queries";
import { refused, setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import { cancelInvitation } from "./cancel-invitation";
import { listInvitations } from "./list-invitations";
import { sendInvitation } from "./send-invitation";

const world = await setUpWorld();
const ada = "ada@example.com";

test("an invitation is cancelled once, and its email is not sent any more", async () => {
  const support = await staffBrowser(world, "support");
  await support.run(sendInvitation, { email: ada });
  const listed = await support.run(listInvitations);
  const id = listed.ok ? listed.value.invitations[0]!.id : "";
  expect(await support.run(cancelInvitation, { id })).toMatchObject({ ok: true });
  expect(await support.run(cancelInvitation, { id })).toEqual(refused("not_found"));
  await world.deliver();
  expect(await lettersOf(world, ada)).toEqual(["invitation dead too_late"]);
  expect((await world.audit()).at(-2)).toMatchObject({
    event: "invitation.cancel",
    outcome: "ok",
    identifier: ada,
  });
  const leo = new Browser(world);
  await leo.signIn("leo@example.com");
  expect(await leo.run(cancelInvitation, { id })).toEqual(refused("not_found"));
  for (const forged of ["1", ada])
    expect(await support.run(cancelInvitation, { id: forged })).toEqual(refused("invalid_input"));
});
