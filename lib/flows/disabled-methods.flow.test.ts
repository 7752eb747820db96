import { expect, test } from "vitest";
import { confirmProvider } from "@/lib/flows/account/confirm-provider";
import { linkProvider } from "@/lib/flows/account/link-provider";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { unlinkProvider } from "@/lib/flows/account/unlink-provider";
import { previewOAuth } from "@/lib/flows/oauth/preview-oauth";
import { switchAccount } from "@/lib/flows/oauth/switch-account";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import { previewMagicLink } from "@/lib/flows/sign-in/preview-magic-link";
import { readPendingRequest } from "@/lib/flows/sign-in/read-pending-request";
import type { AnyFlow } from "@/lib/runtime/flow";
import { googleMethod } from "@/lib/methods/google";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import { passwordMethod } from "@/lib/methods/password";
import { Browser } from "@/test/support/browser";
import {
  claims,
  identitiesOf,
  keys,
  outcomeOf,
  writeIdentityDirectly,
} from "@/test/support/oauth-fixtures";
import { validPassword } from "@/test/support/passwords";
import { refused, setUpWorld } from "@/test/support/setup";
import { testEnv } from "@/test/support/world";

/** A sign-in method is disabled while something of it is on its way: nothing offers it any more. */

const world = await setUpWorld(keys);
const ada = "ada@example.com";

/** The same world after a restart with other sign-in methods. */
const restartedWith = (methods: string) =>
  world.with({ env: testEnv({ ...keys, SIGN_IN_METHODS: methods }) });
const withoutLinks = restartedWith("password,google,linkedin");
const withoutPasswords = restartedWith("magic_link,google,linkedin");
const withoutGoogle = restartedWith("magic_link,password,linkedin");

const disabled = ({ id }: { id: typeof googleMethod.id }) => refused("not_found", { method: id });

test("a link that was sent has no page, and no page waits for its code", async () => {
  const browser = new Browser(world);
  await browser.requestLink(ada);
  const { token } = await world.letterTo(ada);
  expect(await browser.run(previewMagicLink, { token }, { world: withoutLinks })).toEqual(
    disabled(magicLinkMethod),
  );
  expect(await browser.run(readPendingRequest, {}, { world: withoutLinks })).toEqual(
    disabled(magicLinkMethod),
  );
  expect((await browser.run(previewMagicLink, { token })).ok).toBe(true);
});

test("no page waits for the code of a sign-up or a password reset", async () => {
  const browser = new Browser(world);
  await browser.signUp(ada, validPassword);
  await browser.run(requestPasswordReset, { email: ada });
  for (const purpose of ["sign_up", "password_reset"])
    expect(
      await browser.run(readPendingRequest, { purpose }, { world: withoutPasswords }),
      purpose,
    ).toEqual(disabled(passwordMethod));
  // Everybody confirms their identity by email, whatever the sign-in methods are.
  expect(
    await browser.run(readPendingRequest, { purpose: "step_up" }, { world: withoutPasswords }),
  ).not.toMatchObject({ refusal: { method: passwordMethod.id } });
});

test("an identity that waits is neither offered nor connected, and switches no account", async () => {
  await new Browser(world).signIn(ada);
  const browser = new Browser(world);
  expect(outcomeOf(await browser.signInWithProvider("google", claims("g-1", ada)))).toBe(
    "ask_to_sign_in",
  );
  const { pendingIdentity } = browser;
  await browser.signIn(ada);
  for (const flow of [previewOAuth, linkProvider, switchAccount] as AnyFlow[])
    expect(
      await browser.run(flow, { pendingIdentity }, { world: withoutGoogle }),
      flow.name,
    ).toEqual(disabled(googleMethod));
  expect(await identitiesOf(world, ada)).toEqual(["magic_link"]);
  expect((await browser.run(previewOAuth, { pendingIdentity })).ok).toBe(true);
});

test("an identity that needs confirmation is not kept, but can be disconnected", async () => {
  const browser = new Browser(world);
  await browser.signIn(ada);
  await writeIdentityDirectly(world, ada, "google", "g-1", { needsConfirmation: true });
  const google = { provider: "google" };
  expect(await browser.run(confirmProvider, google, { world: withoutGoogle })).toEqual(
    disabled(googleMethod),
  );
  expect(await identitiesOf(world, ada)).toEqual(["google g-1 ?", "magic_link"]);
  expect((await browser.run(unlinkProvider, google, { world: withoutGoogle })).ok).toBe(true);
});

test("the list says which methods are usable", async () => {
  const browser = new Browser(world);
  await browser.signUpAndVerify(ada, validPassword);
  await writeIdentityDirectly(world, ada, "google", "g-1");
  const usable = async (where: typeof world) => {
    const listed = await browser.run(listAuthProviders, {}, { world: where });
    return listed.ok
      ? listed.value.filter(({ isUsable }) => isUsable).map(({ provider }) => provider)
      : null;
  };
  expect((await usable(world))?.sort()).toEqual(["email", "google"]);
  expect(await usable(withoutGoogle)).toEqual(["email"]);
  expect(await usable(withoutPasswords)).toEqual(["google"]);
});
