import { describe, expect, test } from "vitest";
import type { Result } from "@/lib/core/result";
import { accountStates } from "@/test/support/account-states";
import { Browser } from "@/test/support/browser";
import { claims, keys } from "@/test/support/oauth-fixtures";
import { fastHasher, countingHasher, otherPassword, validPassword } from "@/test/support/passwords";
import { setUpWorld } from "@/test/support/setup";
import { flows } from ".";
import { previewRestore } from "./deletion/preview-restore";
import { restoreByLink } from "./deletion/restore-by-link";
import { previewEmailUndo } from "./email-change/preview-email-undo";
import { undoEmailChange } from "./email-change/undo-email-change";
import { confirmStaffEmailChange } from "./staff-email-change/confirm-staff-email-change";
import { previewEmailChangeStop } from "./staff-email-change/preview-email-change-stop";
import { previewStaffEmailChange } from "./staff-email-change/preview-staff-email-change";
import { stopEmailChangeByLink } from "./staff-email-change/stop-email-change-by-link";
import { previewAccessLink } from "./access-links/preview-access-link";
import { redeemAccessLink } from "./access-links/redeem-access-link";
import { previewOAuth } from "@/lib/flows/oauth/preview-oauth";
import { switchAccount } from "./oauth/switch-account";
import { previewPasswordReset } from "./password/preview-password-reset";
import { redeemPasswordReset } from "./password/redeem-password-reset";
import { redeemPasswordResetCode } from "./password/redeem-password-reset-code";
import { requestPasswordReset } from "./password/request-password-reset";
import { listSessions } from "./sessions/list-sessions";
import { previewSignInReport } from "./reports/preview-sign-in-report";
import { redeemSignInReport } from "./reports/redeem-sign-in-report";
import { readSession } from "./sessions/read-session";
import { cancelMagicLink } from "./sign-in/cancel-magic-link";
import { previewMagicLink } from "./sign-in/preview-magic-link";
import { readPendingRequest } from "@/lib/flows/sign-in/read-pending-request";
import { redeemMagicLink } from "./sign-in/redeem-magic-link";
import { resendSignUpCode } from "./sign-up/resend-sign-up-code";

/**
 * The enumeration oracle: what a stranger can learn about an address, whatever the state of its
 * account. One table, account state × entry point. Every cell must equal the row of an address
 * without an account: the response, the cookies, the statements, and what follows.
 */

const world = fastHasher(await setUpWorld(keys));

const address = "ada@example.com";
const unknownToken = "x".repeat(43);
/** The states of an address; a sign-in method brings its own. */
const states = accountStates(world, address);

/** What a stranger can do, by the flow's name; a test compares it with all flows. */
const entryPoints: Record<string, (stranger: Browser) => Promise<Result<unknown>>> = {
  "magic_link.request": (stranger) => stranger.requestLink(address),
  "verification.pending": async (stranger) => {
    await stranger.requestLink(address);
    return stranger.run(readPendingRequest);
  },
  "access_link.preview": (stranger) => stranger.run(previewAccessLink, { token: unknownToken }),
  "access_link.redeem": (stranger) =>
    stranger.run(redeemAccessLink, { token: unknownToken, email: address }),
  "staff_email_change.preview": (stranger) =>
    stranger.run(previewStaffEmailChange, { token: unknownToken }),
  "staff_email_change.confirm": (stranger) =>
    stranger.run(confirmStaffEmailChange, { token: unknownToken, email: address, code: "000000" }),
  "staff_email_change.preview_stop": (stranger) =>
    stranger.run(previewEmailChangeStop, { token: unknownToken }),
  "staff_email_change.stop_by_link": (stranger) =>
    stranger.run(stopEmailChangeByLink, { token: unknownToken, email: address }),
  "magic_link.preview": (stranger) => stranger.run(previewMagicLink, { token: unknownToken }),
  "magic_link.redeem": (stranger) =>
    stranger.run(redeemMagicLink, { token: unknownToken, email: address }),
  "magic_link.cancel": (stranger) =>
    stranger.run(cancelMagicLink, { token: unknownToken, email: address }),
  "email_code.redeem": async (stranger) => {
    await stranger.requestLink(address);
    return stranger.submitCode("000000", address);
  },
  "sign_up.request": (stranger) => stranger.signUp(address, validPassword),
  "sign_up.resend": (stranger) => stranger.run(resendSignUpCode, { email: address }),
  "sign_up.verify": async (stranger) => {
    await stranger.signUp(address, validPassword);
    return stranger.verify("000000", address);
  },
  "password.sign_in": (stranger) => stranger.signInWithPassword(address, validPassword),
  "password_reset.request": (stranger) => stranger.run(requestPasswordReset, { email: address }),
  "password_reset.preview": (stranger) =>
    stranger.run(previewPasswordReset, { token: unknownToken }),
  "password_reset.redeem": (stranger) =>
    stranger.run(redeemPasswordReset, {
      token: unknownToken,
      email: address,
      password: validPassword,
    }),
  "password_reset.redeem_code": async (stranger) => {
    await stranger.run(requestPasswordReset, { email: address });
    return stranger.run(redeemPasswordResetCode, {
      email: address,
      code: "000000",
      password: validPassword,
    });
  },
  "oauth.start": (stranger) => stranger.startOAuth("google"),
  // A person with a verified address learns about it from the provider; without it the person is a
  // stranger.
  "oauth.complete": (stranger) =>
    stranger.signInWithProvider("google", claims("g-666", address, { email_verified: false })),
  "oauth.preview": (stranger) => stranger.run(previewOAuth, { pendingIdentity: unknownToken }),
  "oauth.switch_account": (stranger) =>
    stranger.run(switchAccount, { pendingIdentity: unknownToken }),
  "email_change.preview_undo": (stranger) =>
    stranger.run(previewEmailUndo, { token: unknownToken }),
  "email_change.undo": (stranger) =>
    stranger.run(undoEmailChange, { token: unknownToken, email: address }),
  "account.preview_restore": (stranger) => stranger.run(previewRestore, { token: unknownToken }),
  "account.restore_by_link": (stranger) =>
    stranger.run(restoreByLink, { token: unknownToken, email: address }),
  "sign_in_report.preview": (stranger) =>
    stranger.run(previewSignInReport, { token: unknownToken }),
  "sign_in_report.redeem": (stranger) =>
    stranger.run(redeemSignInReport, { token: unknownToken, email: address }),
  "session.read": (stranger) => stranger.run(readSession),
};

/** What a stranger can do in more than one step, in a browser of their own. */
const walks: Record<string, (stranger: Browser) => Promise<Result<unknown>>> = {
  "a sign-up, then the right password for it": async (stranger) => {
    await stranger.signUp(address, validPassword);
    return stranger.signInWithPassword(address, validPassword);
  },
  "a sign-up, then a wrong password for it": async (stranger) => {
    await stranger.signUp(address, validPassword);
    return stranger.signInWithPassword(address, otherPassword);
  },
  "a sign-up, then the waiting page": async (stranger) => {
    await stranger.signUp(address, validPassword);
    return stranger.run(readPendingRequest, { purpose: "sign_up" });
  },
  "a sign-up, then a resent code": async (stranger) => {
    await stranger.signUp(address, validPassword);
    await world.advance(60);
    return stranger.run(resendSignUpCode, { email: address });
  },
  "a sign-up, then a code for signing in": async (stranger) => {
    await stranger.signUp(address, validPassword);
    return stranger.submitCode("000000", address);
  },
  "a sign-up, then another password": async (stranger) => {
    await stranger.signUp(address, otherPassword);
    await world.advance(60);
    return stranger.signUp(address, validPassword);
  },
  "a code requested again without a sign-up, then typed": async (stranger) => {
    await stranger.run(resendSignUpCode, { email: address });
    return stranger.verify("000000", address);
  },
  "a reset, then the waiting page": async (stranger) => {
    await stranger.run(requestPasswordReset, { email: address });
    return stranger.run(readPendingRequest, { purpose: "password_reset" });
  },
  "LinkedIn, with the address verified as a text": (stranger) =>
    stranger.signInWithProvider("linkedin", claims("l-666", address, { email_verified: "true" })),
  "twelve passwords": async (stranger) => {
    for (let n = 0; n < 11; n += 1)
      await new Browser(world).signInWithPassword(address, otherPassword);
    return stranger.signInWithPassword(address, otherPassword);
  },
};

test("every flow that strangers may run is in the table", () => {
  const open = flows.filter(({ requires }) => requires === "anyone").map(({ name }) => name);
  expect(Object.keys(entryPoints).sort()).toEqual(open.sort());
});

/** Sets up a state; the second time, from its saved rows. */
async function bringAbout(state: string) {
  await world.reset();
  const again = moments.get(state);
  if (again) return again();
  await states[state]!();
  moments.set(state, await world.saveMoment());
}
const moments = new Map<string, () => Promise<void>>();

/** All that can be observed of one cell, and of what follows it in the same browser. */
async function cell(entryPoint: string, state: string, signUp: "open" | "closed") {
  await bringAbout(state);
  const { world: counted, work } = countingHasher(world.with({ env: { ...world.env, signUp } }));
  const stranger = new Browser(counted);
  const seen = async (act: () => Promise<Result<unknown>>) => {
    let result: Result<unknown> | undefined;
    Object.assign(work, { hashed: 0, compared: 0 });
    const statements = await world.statementsOf(async () => {
      result = await act();
    });
    // Tokens differ each time.
    const given = JSON.stringify(stranger.cookieChanges).replace(/"[\w-]{43}"/g, '"…"');
    return { ...told(result!), given, statements: statements.length, ...work };
  };
  const outcome = await seen(() => ({ ...entryPoints, ...walks })[entryPoint]!(stranger));
  const nextPage = await seen(() => stranger.run(readPendingRequest));
  const wrongPassword = await seen(() => stranger.signInWithPassword(address, otherPassword));
  const coolDown = await seen(() => stranger.requestLink(address));
  const wrongCodes = [];
  for (let n = 0; n < 6; n += 1)
    wrongCodes.push(await seen(() => stranger.submitCode("111111", address)));
  const inside = await seen(() => stranger.run(listSessions));
  return { outcome, nextPage, wrongPassword, coolDown, wrongCodes, inside };
}

/**
 * A result without request ids and without causes for the audit log. Waits are in minutes, as the
 * test itself takes a moment.
 */
function told(result: Result<unknown>) {
  const { ok } = result;
  const shown = ok ? result.value : { ...result.refusal, reference: undefined, cause: undefined };
  const text = JSON.stringify(shown, (name, value: unknown) =>
    (name === "retryAfter" || name === "resendIn") && typeof value === "number"
      ? Math.round(value / 60)
      : value,
  );
  return { ok, text };
}

/**
 * Entry points that act differently where sign-up is closed; the long part tries the others there,
 * too.
 */
const opensAccounts = [
  "magic_link.request",
  "email_code.redeem",
  "sign_up.request",
  "sign_up.resend",
  "sign_up.verify",
  "oauth.complete",
  "a sign-up, then the right password for it",
];

/** Entry points that find an account by a token alone: the long part tries them. */
const byToken = [
  "access_link.preview",
  "access_link.redeem",
  "staff_email_change.preview",
  "staff_email_change.confirm",
  "staff_email_change.preview_stop",
  "staff_email_change.stop_by_link",
  "email_change.preview_undo",
  "email_change.undo",
  "account.preview_restore",
  "account.restore_by_link",
  "sign_in_report.preview",
  "sign_in_report.redeem",
];

describe.each(["open", "closed"] as const)("where sign-up is %s", (signUp) => {
  for (const entryPoint of [...Object.keys(entryPoints), ...Object.keys(walks)]) {
    const isLong =
      byToken.includes(entryPoint) || (signUp === "closed" && !opensAccounts.includes(entryPoint));
    const tags = isLong ? ["long"] : [];
    test(`${entryPoint} tells a stranger nothing about an account`, { tags }, async () => {
      const seen: Record<string, unknown> = {};
      for (const state of Object.keys(states)) seen[state] = await cell(entryPoint, state, signUp);
      const { none, ...others } = seen;
      for (const [state, row] of Object.entries(others)) expect(row, state).toEqual(none);
    });
  }
});
