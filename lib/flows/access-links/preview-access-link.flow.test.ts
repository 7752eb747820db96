import { expect, test } from "vitest";
import { Browser } from "@/test/support/browser";
import { dump } from "@/test/support/invariants";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { runOnCommandLine } from "@/test/support/staff";
import { issueAccessLink } from "./issue-access-link";
import { previewAccessLink } from "./preview-access-link";

const world = await setUpWorld();
const ada = "ada@example.com";

test("the page of a link masks the address, names who is signed in, and changes nothing (L2)", async () => {
  await new Browser(world).signUpAndVerify(ada, validPassword);
  const id = await world.userIdOf(ada);
  await runOnCommandLine(world, issueAccessLink, { id, reason: "Lost her phone" });
  const { token } = await world.letterTo(ada);
  const leo = new Browser(world);
  await leo.signIn("leo@example.com");
  const before = await dump(world);
  expect(await new Browser(world).run(previewAccessLink, { token })).toMatchObject({
    value: { isOpen: false, address: "a**@example.com", signedInAs: null },
  });
  expect(await leo.run(previewAccessLink, { token })).toMatchObject({
    value: { isOpen: false, signedInAs: "leo@example.com" },
  });
  expect(await dump(world)).toBe(before);
  expect(await leo.run(previewAccessLink, { token: "x".repeat(43) })).toEqual(
    refused("link_invalid", { cause: "unknown" }),
  );
});
