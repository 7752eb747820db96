import { z } from "zod";
import { unlinkProvider } from "@/lib/flows/account/unlink-provider";
import { listAuthProviders } from "@/lib/flows/account/list-auth-providers";
import { startLinkingProvider } from "@/lib/flows/oauth/start-linking-provider";
import { readPasswordStatus } from "@/lib/flows/password/read-password-status";
import { previewPasswordReset } from "@/lib/flows/password/preview-password-reset";
import { redeemPasswordReset } from "@/lib/flows/password/redeem-password-reset";
import { redeemPasswordResetCode } from "@/lib/flows/password/redeem-password-reset-code";
import { removePassword } from "@/lib/flows/password/remove-password";
import { requestPasswordReset } from "@/lib/flows/password/request-password-reset";
import { setPassword } from "@/lib/flows/password/set-password";
import { signInWithPassword } from "@/lib/flows/password/sign-in-with-password";
import { listSessions } from "@/lib/flows/sessions/list-sessions";
import { readSession } from "@/lib/flows/sessions/read-session";
import { revokeOtherSessions } from "@/lib/flows/sessions/revoke-other-sessions";
import { revokeSession } from "@/lib/flows/sessions/revoke-session";
import { signOut } from "@/lib/flows/sessions/sign-out";
import { cancelMagicLink } from "@/lib/flows/sign-in/cancel-magic-link";
import { previewMagicLink } from "@/lib/flows/sign-in/preview-magic-link";
import { readPendingRequest } from "@/lib/flows/sign-in/read-pending-request";
import { redeemEmailCode } from "@/lib/flows/sign-in/redeem-email-code";
import { redeemMagicLink } from "@/lib/flows/sign-in/redeem-magic-link";
import { requestMagicLink } from "@/lib/flows/sign-in/request-magic-link";
import { requestSignUp } from "@/lib/flows/sign-up/request-sign-up";
import { resendSignUpCode } from "@/lib/flows/sign-up/resend-sign-up-code";
import { verifySignUp } from "@/lib/flows/sign-up/verify-sign-up";
import { requestStepUp } from "@/lib/flows/step-up/request-step-up";
import { stepUpByCode } from "@/lib/flows/step-up/step-up-by-code";
import { stepUpByLink } from "@/lib/flows/step-up/step-up-by-link";
import { stepUpByPassword } from "@/lib/flows/step-up/step-up-by-password";
import { operation } from "@/lib/web/json-response";
import { deviceInEnglish } from "@/lib/web/messages";
import { safeNext } from "@/lib/web/redirects";

/** The JSON face: which flow each address runs, and what it says. Routes and the OpenAPI document read it. */

const time = z.iso.datetime();

export const askForLink = operation({ flow: requestMagicLink, status: 202 });

export const showWaiting = operation({
  flow: readPendingRequest,
  status: 200,
  says: {
    shape: z.strictObject({ email: z.string(), resendIn: z.int(), mailIsDelayed: z.boolean() }),
    of: ({ email, resendIn, mailIsDelayed }) => ({ email, resendIn, mailIsDelayed }),
  },
});

export const previewLink = operation({
  flow: previewMagicLink,
  status: 200,
  says: {
    shape: z.strictObject({
      address: z.string(),
      browser: z.string(),
      askedAt: time,
      sameBrowser: z.boolean(),
      signedInAs: z.string().nullable(),
    }),
    of: ({ address, browser, askedAt, sameBrowser, signedInAs }) => ({
      ...{ address, sameBrowser, signedInAs },
      browser: deviceInEnglish(browser),
      askedAt: askedAt.toISOString(),
    }),
  },
});

export const cancelLink = operation({ flow: cancelMagicLink, status: 204 });

const has = (body: unknown, field: string) =>
  typeof body === "object" && body !== null && field in body;

/** What every way of signing in says: where the person wanted to go. */
const whereTo = {
  shape: z.strictObject({ next: z.string() }),
  of: ({ next }: { next: string }) => ({ next: safeNext(next) }),
};

export const signIn = operation({
  flow: (body) => {
    if (has(body, "password")) return signInWithPassword;
    return has(body, "code") ? redeemEmailCode : redeemMagicLink;
  },
  status: 201,
  says: whereTo,
});

export const signUp = operation({ flow: requestSignUp, status: 202 });

export const resendCode = operation({ flow: resendSignUpCode, status: 202 });

export const verifyCode = operation({ flow: verifySignUp, status: 201, says: whereTo });

export const askForReset = operation({ flow: requestPasswordReset, status: 202 });

export const previewReset = operation({
  flow: previewPasswordReset,
  status: 200,
  says: {
    shape: z.strictObject({
      address: z.string(),
      browser: z.string(),
      askedAt: time,
      sameBrowser: z.boolean(),
    }),
    of: ({ askedAt, browser, ...preview }) => ({
      ...preview,
      browser: deviceInEnglish(browser),
      askedAt: askedAt.toISOString(),
    }),
  },
});

export const redeemReset = operation({
  flow: (body) => (has(body, "code") ? redeemPasswordResetCode : redeemPasswordReset),
  status: 201,
  says: whereTo,
});

export const showPassword = operation({
  flow: readPasswordStatus,
  status: 200,
  says: {
    shape: z.strictObject({ hasPassword: z.boolean(), otherDevices: z.int() }),
    of: ({ hasPassword, otherDevices }) => ({ hasPassword, otherDevices }),
  },
});

export const choosePassword = operation({ flow: setPassword, status: 204 });

export const dropPassword = operation({ flow: removePassword, status: 204 });

export const askForProof = operation({ flow: requestStepUp, status: 202 });

export const prove = operation({
  flow: (body) => {
    if (has(body, "password")) return stepUpByPassword;
    return has(body, "code") ? stepUpByCode : stepUpByLink;
  },
  status: 204,
});

export const showSession = operation({
  flow: readSession,
  status: 200,
  says: {
    shape: z.strictObject({
      session: z.strictObject({ id: z.uuid(), userId: z.uuid(), email: z.string() }).nullable(),
    }),
    of: (session) => ({
      session: session && { id: session.id, userId: session.userId, email: session.email },
    }),
  },
});

export const endSession = operation({ flow: signOut, status: 204 });

export const showSessions = operation({
  flow: listSessions,
  status: 200,
  says: {
    shape: z.strictObject({
      sessions: z.array(
        z.strictObject({
          id: z.uuid(),
          browser: z.string(),
          ip: z.string().nullable(),
          method: z.string(),
          createdAt: time,
          lastSeenAt: time,
          current: z.boolean(),
        }),
      ),
    }),
    of: (sessions) => ({
      sessions: sessions.map(({ createdAt, lastSeenAt, browser, ...session }) => ({
        ...session,
        browser: deviceInEnglish(browser),
        createdAt: createdAt.toISOString(),
        lastSeenAt: lastSeenAt.toISOString(),
      })),
    }),
  },
});

export const endOneSession = operation({ flow: revokeSession, status: 204 });

export const endOtherSessions = operation({ flow: revokeOtherSessions, status: 204 });

export const showAuthProviders = operation({
  flow: listAuthProviders,
  status: 200,
  says: {
    shape: z.strictObject({
      authProviders: z.array(
        z.strictObject({
          provider: z.string(),
          address: z.string().nullable(),
          needsConfirmation: z.boolean(),
          createdAt: time,
          lastUsedAt: time,
        }),
      ),
    }),
    of: (authProviders) => ({
      authProviders: authProviders.map(({ createdAt, lastUsedAt, ...linkedMethod }) => ({
        ...{
          provider: linkedMethod.provider,
          address: linkedMethod.address,
          needsConfirmation: linkedMethod.needsConfirmation,
        },
        createdAt: createdAt.toISOString(),
        lastUsedAt: lastUsedAt.toISOString(),
      })),
    }),
  },
});

/** Where the browser goes next; it comes back to the page that asks whether to connect. */
export const connectAuthProvider = operation({
  flow: startLinkingProvider,
  status: 201,
  // Only here is Auth.js needed, so nobody else loads it.
  then: async ({ provider }) => (await import("@/lib/web/authjs")).authorizationUrl(provider),
  says: {
    shape: z.strictObject({ url: z.url() }),
    of: ({ url }) => ({ url }),
  },
});

export const dropAuthProvider = operation({ flow: unlinkProvider, status: 204 });
