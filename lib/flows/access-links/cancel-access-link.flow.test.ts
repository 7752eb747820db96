import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { staffBrowser } from "@/test/support/staff";
import { cancelAccessLink } from "./cancel-access-link";
import { issueAccessLink } from "./issue-access-link";
import { listAccessLinks } from "./list-access-links";
import { redeemAccessLink } from "./redeem-access-link";

const world = await setUpWorld();
const ada = "ada@example.com";
const reason = "Lost her phone";

async function scene() {
  await new Browser(world).signUpAndVerify(ada, validPassword);
  const id = await world.userIdOf(ada);
  const support = await staffBrowser(world, "support");
  await support.run(issueAccessLink, { id, reason });
  return { id, support, ...(await world.letterTo(ada)) };
}

const redeem = (token: string) => new Browser(world).run(redeemAccessLink, { token, email: ada });

test("the next link replaces the one before", async () => {
  const { id, support, token } = await scene();
  await support.run(issueAccessLink, { id, reason });
  expect(await redeem(token)).toEqual(refused("link_invalid", { cause: "voided" }));
  expect(await support.run(listAccessLinks, { id })).toMatchObject({
    value: [{ sentBy: "support@example.com" }],
  });
});

test("a cancelled link opens nothing any more; a link of another user is not cancelled", async () => {
  const { id, support, token } = await scene();
  const listed = await support.run(listAccessLinks, { id });
  const link = listed.ok ? listed.value[0]!.id : "";
  const other = await world.userIdOf("support@example.com");
  expect(await support.run(cancelAccessLink, { userId: other, id: link })).toEqual(
    refused("not_found"),
  );
  expect(await support.run(cancelAccessLink, { userId: id, id: link })).toMatchObject({ ok: true });
  expect(await redeem(token)).toEqual(refused("link_invalid", { cause: "voided" }));
  expect(await support.run(cancelAccessLink, { userId: id, id: link })).toEqual(
    refused("not_found"),
  );
  expect(await support.run(listAccessLinks, { id })).toMatchObject({ value: [] });
});
