import { sql } from "drizzle-orm";
import { deleteAccount } from "@/lib/flows/deletion/delete-account";
import { requestEmailChange } from "@/lib/flows/email-change/request-email-change";
import { verifyEmailChange } from "@/lib/flows/email-change/verify-email-change";
import type { MethodId } from "@/lib/core/method-id";
import { methods } from "@/lib/methods";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import type { Method } from "@/lib/methods/method";
import { passwordMethod } from "@/lib/methods/password";
import { Browser } from "./browser";
import { claims, hosted } from "./oauth-fixtures";
import { validPassword } from "./passwords";
import { disable } from "./queries";
import type { TestWorld } from "./world";

type States = Record<string, () => Promise<void>>;

/** The owner's password. A stranger has others, of which one may be right by chance. */
const ownersPassword = "a bridge of seven planks";

/**
 * The states an address can be in, each with what brings it about: those of every sign-in method, and
 * those that do not depend on a method. "none" is an address without an account.
 */
export function accountStates(world: TestWorld, address: string): States {
  const signUp = async () => {
    await new Browser(world).signIn(address);
  };
  const signUpWithPassword = (password: string) =>
    new Browser(world).signUpAndVerify(address, password);
  const disableAccount = async () => {
    await disable(world, address);
    await world.writeDirectly((tx) => tx.execute(sql`delete from sessions`));
  };
  const own: ReadonlyMap<MethodId, States> = new Map([
    [magicLinkMethod.id, { "magic_link only": signUp }],
    [
      passwordMethod.id,
      {
        "password only": () => signUpWithPassword(ownersPassword),
        "password and link": async () => {
          await signUpWithPassword(ownersPassword);
          await signUp();
        },
      },
    ],
  ]);
  const statesOf = ({ id, oauth }: Method): States => {
    const states = oauth ? statesOfProvider(id) : own.get(id);
    if (!states) throw new Error(`${id} has no states for the enumeration oracle.`);
    return states;
  };
  const statesOfProvider = (id: MethodId): States => ({
    [`${id} only`]: async () => {
      await new Browser(world).signInWithProvider(id, hosted(`${id}-1`, address));
    },
    [`${id}, not confirmed`]: async () => {
      await new Browser(world).signInWithProvider(id, claims(`${id}-1`, address));
      await signUp();
    },
  });
  return {
    none: () => Promise.resolve(),
    ...Object.assign({}, ...methods().map(statesOf)),
    pending: async () => {
      await new Browser(world).signUp(address, ownersPassword);
    },
    disabled: async () => {
      await signUp();
      await disableAccount();
    },
    "disabled, with the same password": async () => {
      await signUpWithPassword(validPassword);
      await disableAccount();
    },
    // Its user has another address now, and can undo that change.
    reserved: async () => {
      const browser = new Browser(world);
      await browser.signIn(address);
      const email = "elsewhere@example.com";
      await browser.run(requestEmailChange, { email });
      const { code } = await world.letterTo(email);
      await browser.run(verifyEmailChange, { email, code });
    },
    "to be erased": async () => {
      const browser = new Browser(world);
      await browser.signIn(address);
      await browser.run(deleteAccount, { email: address });
    },
    "over its limit": async () => {
      await signUp();
      for (let n = 0; n < 3; n += 1) await new Browser(world).requestLink(address);
    },
  };
}
