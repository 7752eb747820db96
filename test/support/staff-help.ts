import { deleteAccount } from "@/lib/flows/deletion/delete-account";
import { restoreByLink } from "@/lib/flows/deletion/restore-by-link";
import { redeemPasswordReset } from "@/lib/flows/password/redeem-password-reset";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import { setPassword } from "@/lib/flows/password/set-password";
import { redeemSignInReport } from "@/lib/flows/reports/redeem-sign-in-report";
import { revokeOtherSessions } from "@/lib/flows/sessions/revoke-other-sessions";
import { changeRole } from "@/lib/flows/staff/change-role";
import { disableUser } from "@/lib/flows/staff/disable-user";
import { enableUser } from "@/lib/flows/staff/enable-user";
import { revokeUserSessions } from "@/lib/flows/staff/revoke-user-sessions";
import { Browser } from "./browser";
import { otherPassword, validPassword } from "./passwords";
import { runOnCommandLine } from "./staff";
import type { TestWorld } from "./world";

/** A user with `validPassword` whom staff help, in the browser at home. */
interface Helped {
  readonly id: string;
  readonly email: string;
  readonly home: Browser;
  readonly support: Browser;
}

const reason = "For a test";

/** What ends everything that staff have started for a user (T2), by name. */
export const endsOfHelp = (
  world: TestWorld,
): [name: string, end: (helped: Helped) => Promise<unknown>][] => [
  [
    "a password reset",
    async ({ email }) => {
      const phone = new Browser(world);
      await phone.run(requestPasswordReset, { email });
      const { token } = await world.letterTo(email);
      return phone.run(redeemPasswordReset, { token, password: otherPassword });
    },
  ],
  ["another password", ({ home }) => home.run(setPassword, { password: otherPassword })],
  ["a sign-out everywhere else", ({ home }) => home.run(revokeOtherSessions)],
  [
    "the report of a sign-in",
    async ({ email }) => {
      await new Browser(world).signInWithPassword(email, validPassword);
      const { token } = await world.letterTo(email);
      return new Browser(world).run(redeemSignInReport, { token, email });
    },
  ],
  [
    "a deletion that was taken back",
    async ({ home, email }) => {
      await home.run(deleteAccount, { email });
      const { token } = await world.letterTo(email);
      return home.run(restoreByLink, { token });
    },
  ],
  [
    "its user was disabled and enabled",
    async ({ id, support }) => {
      await support.run(disableUser, { id, reason });
      return support.run(enableUser, { id, reason });
    },
  ],
  [
    "its user became staff and a member again",
    async ({ id }) => {
      await runOnCommandLine(world, changeRole, { id, role: "support", reason });
      return runOnCommandLine(world, changeRole, { id, role: "member", reason });
    },
  ],
  [
    "staff ended all sessions",
    ({ id, support }) => support.run(revokeUserSessions, { id, reason }),
  ],
];
