import { callbackUrlWith } from "@/test/support/world";
import { createHash } from "node:crypto";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { row, rows } from "@/db/rows";
import type { Purpose } from "@/lib/store/verifications";
import { digest, isToken, type TokenUse } from "@/lib/core/crypto";
import { Browser } from "@/test/support/browser";
import { claims, keys } from "@/test/support/oauth-fixtures";
import { setUpWorld } from "@/test/support/setup";
import { attemptCookieOf, type CookieName, readAttempt, readToken } from "@/lib/web/cookies";
import { flows } from ".";
import { deleteAccount } from "./deletion/delete-account";
import { previewRestore } from "./deletion/preview-restore";
import { restoreByLink } from "./deletion/restore-by-link";
import { previewEmailUndo } from "./email-change/preview-email-undo";
import { requestEmailChange } from "./email-change/request-email-change";
import { undoEmailChange } from "./email-change/undo-email-change";
import { verifyEmailChange } from "./email-change/verify-email-change";
import { issueAccessLink } from "./access-links/issue-access-link";
import { previewAccessLink } from "./access-links/preview-access-link";
import { redeemAccessLink } from "./access-links/redeem-access-link";
import { confirmStaffEmailChange } from "./staff-email-change/confirm-staff-email-change";
import { previewEmailChangeStop } from "./staff-email-change/preview-email-change-stop";
import { previewStaffEmailChange } from "./staff-email-change/preview-staff-email-change";
import { startStaffEmailChange } from "./staff-email-change/start-staff-email-change";
import { stopEmailChangeByLink } from "./staff-email-change/stop-email-change-by-link";
import { runOnCommandLine } from "@/test/support/staff";
import { linkProvider } from "@/lib/flows/account/link-provider";
import { completeOAuth } from "@/lib/flows/oauth/complete-oauth";
import { previewOAuth } from "@/lib/flows/oauth/preview-oauth";
import { switchAccount } from "./oauth/switch-account";
import { previewPasswordReset } from "./password/preview-password-reset";
import { redeemPasswordReset } from "./password/redeem-password-reset";
import { redeemPasswordResetCode } from "./password/redeem-password-reset-code";
import { requestPasswordReset } from "./password/request-password-reset";
import { previewSignInReport } from "./reports/preview-sign-in-report";
import { redeemSignInReport } from "./reports/redeem-sign-in-report";
import { listSessions } from "./sessions/list-sessions";
import { cancelMagicLink } from "./sign-in/cancel-magic-link";
import { previewMagicLink } from "./sign-in/preview-magic-link";
import { readPendingRequest } from "@/lib/flows/sign-in/read-pending-request";
import { requestStepUp } from "./step-up/request-step-up";
import { printSetupLink } from "@/lib/server/setup-link";
import { previewSetup } from "./setup/preview-setup";
import { redeemSetup } from "./setup/redeem-setup";
import { previewStepUp } from "./step-up/preview-step-up";
import { stepUpByCode } from "./step-up/step-up-by-code";
import { stepUpByLink } from "./step-up/step-up-by-link";
import { stepUpByPassword } from "./step-up/step-up-by-password";

/**
 * Type confusion: every secret, whole and distorted, presented to every consumer of a secret. It
 * opens what it is for and nothing else, and no attempt consumes anything. A later secret is a row
 * in `secrets`, and one in the table of its consumers.
 */

const world = await setUpWorld(keys);
const ada = "ada@example.com";
const second = "ada@second.example";
const eve = "eve@example.com";
const [leo, leosSecond, leosThird] = ["leo@example.com", "leo@second.example", "leo@third.example"];
const [zoe, max, maxSecond] = ["zoe@example.com", "max@example.com", "max@second.example"];
const password = "four unrelated words here";
const otherPassword = "four quite different words";

/**
 * Ada's browser with one valid secret of every kind: signed in by a password, with a pending email
 * of each kind, with a sign-up at a second address, with an OAuth attempt at Google, and with a
 * pending identity from LinkedIn.
 */
async function makeScene() {
  const home = new Browser(world);
  await home.signUpAndVerify(ada, password);
  await home.requestLink(ada);
  const letter = await world.letterTo(ada);
  await home.run(requestPasswordReset, { email: ada });
  const reset = await world.letterTo(ada);
  await new Browser(world).signInWithPassword(ada, password);
  const report = await world.letterTo(ada);
  await home.run(requestStepUp);
  const stepUp = await world.letterTo(ada);
  const before = world.secrets.tokens.size;
  await home.signUp(second, password);
  // The second token of the sign-up, after the owner's link; it is in no email.
  const attempt = { token: [...world.secrets.tokens][before + 1]! };
  const signUp = await world.letterTo(second);
  await home.startOAuth("google");
  const started = home.oauthAttempt!;
  await home.signInWithProvider("linkedin", claims("l-1", ada));
  const pendingIdentity = home.pendingIdentity!;
  const mover = new Browser(world);
  await mover.signIn(leo);
  await mover.run(requestEmailChange, { email: leosSecond });
  const { code } = await world.letterTo(leosSecond);
  await mover.run(verifyEmailChange, { email: leosSecond, code });
  const undo = await world.letterTo(leo);
  const size = world.secrets.tokens.size;
  await mover.run(requestEmailChange, { email: leosThird });
  // Its token is in no email.
  const change = {
    token: [...world.secrets.tokens][size]!,
    code: (await world.letterTo(leosThird)).code,
  };
  const leaver = new Browser(world);
  await leaver.signIn(eve);
  await leaver.run(deleteAccount, { email: eve });
  const restore = await world.letterTo(eve);
  let printed = "";
  await printSetupLink(world, (text) => (printed = text));
  const [setup = ""] = /[\w-]{43}/.exec(printed) ?? [];
  await runOnCommandLine(world, issueAccessLink, { id: await world.userIdOf(ada), reason: "Lost" });
  const access = await world.letterTo(ada);
  const moved = await startFor(zoe, "zoe@second.example");
  const waiting = await startFor(max, maxSecond);
  await new Browser(world).run(confirmStaffEmailChange, { ...moved, email: zoe });
  const stop = await world.letterTo(zoe);
  return {
    stop,
    waiting,
    leaver,
    restore,
    mover,
    undo,
    change,
    access,
    setup,
    home,
    letter,
    reset,
    report,
    stepUp,
    attempt,
    signUp,
    started,
    pendingIdentity,
  };
}
/** Staff start a change of the address of a new user. Returns the link and the code. */
async function startFor(user: string, email: string) {
  await new Browser(world).signUpAndVerify(user, password);
  const id = await world.userIdOf(user);
  await runOnCommandLine(world, startStaffEmailChange, { id, email, reason: "Lost" });
  const { token, code } = await world.letterTo(email);
  return { token, code };
}

/** Emails with a link alone. */
type Undo = "email_undo" | "deletion_undo" | "email_change_stop";
type Scene = Awaited<ReturnType<typeof makeScene>>;

let saved: { readonly set: Scene; readonly restore: () => Promise<void> } | undefined;

/** The scene; from the second time on, from its saved rows. */
async function scene(): Promise<Scene> {
  if (saved) await saved.restore();
  else {
    const set = await makeScene();
    saved = { set, restore: await world.saveMoment() };
  }
  return saved.set;
}

const secrets = {
  session: ({ home }) => home.session!,
  requesting_browser: ({ home }) => home.mailRequest!,
  device: ({ home }) => home.device!,
  magic_link: ({ letter }) => letter.token,
  email_code: ({ letter }) => letter.code,
  sign_up: ({ attempt }) => attempt.token,
  sign_up_code: ({ signUp }) => signUp.code,
  password_reset: ({ reset }) => reset.token,
  password_reset_code: ({ reset }) => reset.code,
  setup: ({ setup }) => setup,
  step_up: ({ stepUp }) => stepUp.token,
  step_up_code: ({ stepUp }) => stepUp.code,
  email_change: ({ change }) => change.token,
  email_change_code: ({ change }) => change.code,
  email_undo: ({ undo }) => undo.token,
  deletion_undo: ({ restore }) => restore.token,
  sign_in_report: ({ report }) => report.token,
  access_link: ({ access }) => access.token,
  staff_email_change: ({ waiting }) => waiting.token,
  staff_email_change_code: ({ waiting }) => waiting.code,
  email_change_stop: ({ stop }) => stop.token,
  oauth_attempt: ({ started }) => started,
  pending_identity: ({ pendingIdentity }) => pendingIdentity,
  password: () => password,
} satisfies Record<
  TokenUse | `${"email" | Exclude<Purpose, "magic_link" | "access_link" | Undo>}_code` | "password",
  (scene: Scene) => string
>;

type SecretName = keyof typeof secrets;

/** A consumer of a secret. `opens` tells whether a value works as the right one does. */
interface Consumer {
  readonly takes: SecretName;
  readonly opens: (value: unknown, scene: Scene) => Promise<boolean>;
  /** Distortions that people may well type. */
  readonly alsoAccepts?: readonly (keyof typeof distortions)[];
}

/** A browser with everything but the presented secret. */
const stranger = (has: Partial<Pick<Browser, "session" | "mailRequest" | "device">>) =>
  Object.assign(new Browser(world), has);

/** A cookie with that value, read as from a request; a list is sent as several. */
const cookie = (name: CookieName, value: unknown) => {
  const values = [value].flat().filter((one) => one !== null);
  return readToken(values.map((one) => `latchkey-${name}=${one}`).join("; "), world.env, name);
};

/** The cookie of an OAuth attempt with that token; a list is sent as several. */
function attemptCookie(value: unknown) {
  const attempt = { provider: "google", state: "a-state" };
  const { name } = attemptCookieOf(world.env, attempt, null);
  const values = [value].flat().filter((one) => one !== null);
  const header = values.map((one) => `${name}=${one}~checks`).join("; ");
  return readAttempt(header, world.env, attempt);
}

/**
 * Cookies without a secret of ours: the flash, the last used method and the time zone contain none, a
 * suspended form and the OAuth redirect are sealed and open nothing.
 */
type Harmless = "flash" | "suspended_action" | "method" | "returns" | "oauth_redirect";

/** By cookie. */
const cookies: Record<Exclude<CookieName, Harmless>, Record<string, Consumer>> = {
  session: {
    "signs in": {
      takes: "session",
      opens: async (value) =>
        (await stranger({ session: cookie("session", value) }).run(listSessions)).ok,
    },
  },
  mail_request: {
    "shows the pending request": {
      takes: "requesting_browser",
      opens: async (value) =>
        (await stranger({ mailRequest: cookie("mail_request", value) }).run(readPendingRequest)).ok,
    },
    "replaces the address when the link is submitted": {
      takes: "requesting_browser",
      opens: async (value, { letter }) =>
        (await stranger({ mailRequest: cookie("mail_request", value) }).openLink(letter)).ok,
    },
    "replaces the address when the request is cancelled": {
      takes: "requesting_browser",
      opens: async (value, { letter: { token } }) =>
        (
          await stranger({ mailRequest: cookie("mail_request", value) }).run(cancelMagicLink, {
            token,
          })
        ).ok,
    },
    "makes the code work": {
      takes: "requesting_browser",
      opens: async (value, { letter }) =>
        (
          await stranger({ mailRequest: cookie("mail_request", value) }).submitCode(
            letter.code,
            ada,
          )
        ).ok,
    },
  },
  oauth_attempt: {
    "completes the attempt": {
      takes: "oauth_attempt",
      opens: async (value) => (await complete(attemptCookie(value)?.token ?? "")).ok,
    },
  },
  pending_identity: {
    "shows the pending identity": {
      takes: "pending_identity",
      opens: async (value) => {
        const pendingIdentity = cookie("pending_identity", value) ?? "";
        return (await stranger({}).run(previewOAuth, { pendingIdentity })).ok;
      },
    },
  },
  device: {
    "makes the device known": {
      takes: "device",
      async opens(value) {
        await stranger({ device: cookie("device", value) }).requestLink(ada);
        const newest = await row<{ marked: boolean }>(
          world.db,
          sql`select from_known_device as marked from verifications order by created_at desc limit 1`,
        );
        return newest!.marked;
      },
    },
  },
};

/** Completes an OAuth attempt at Google. */
const complete = (oauthAttempt: unknown, has: Partial<Pick<Browser, "session">> = {}) =>
  stranger(has).run(completeOAuth, {
    provider: "google",
    oauthAttempt,
    callbackUrl: callbackUrlWith("google", { claims: claims("g-1", "new@example.com") }),
  });

/** By flow and field; a test compares it with all flows. */
const fields: Record<string, Consumer> = {
  "magic_link.preview token": {
    takes: "magic_link",
    opens: async (token) => (await stranger({}).run(previewMagicLink, { token })).ok,
  },
  "magic_link.redeem token": {
    takes: "magic_link",
    opens: async (token, { home: { mailRequest } }) =>
      (await stranger({ mailRequest }).openLink({ token: token as string })).ok,
  },
  "magic_link.cancel token": {
    takes: "magic_link",
    opens: async (token, { home: { mailRequest } }) =>
      (await stranger({ mailRequest }).run(cancelMagicLink, { token })).ok,
  },
  "email_code.redeem code": {
    takes: "email_code",
    alsoAccepts: ["padded"],
    opens: async (code, { home: { mailRequest } }) =>
      (await stranger({ mailRequest }).submitCode(code as string, ada)).ok,
  },
  "sign_up.verify code": {
    takes: "sign_up_code",
    alsoAccepts: ["padded"],
    opens: async (code, { home: { mailRequest } }) =>
      (await stranger({ mailRequest }).verify(code as string, second)).ok,
  },
  "password.sign_in password": {
    takes: "password",
    opens: async (typed) => (await stranger({}).signInWithPassword(ada, typed as string)).ok,
  },
  "password_reset.preview token": {
    takes: "password_reset",
    opens: async (token) => (await stranger({}).run(previewPasswordReset, { token })).ok,
  },
  "password_reset.redeem token": {
    takes: "password_reset",
    opens: async (token, { home: { mailRequest } }) =>
      (await stranger({ mailRequest }).run(redeemPasswordReset, { token, password: otherPassword }))
        .ok,
  },
  "password_reset.redeem_code code": {
    takes: "password_reset_code",
    alsoAccepts: ["padded"],
    opens: async (code, { home: { mailRequest } }) => {
      const input = { email: ada, code, password: otherPassword };
      return (await stranger({ mailRequest }).run(redeemPasswordResetCode, input)).ok;
    },
  },
  "sign_in_report.preview token": {
    takes: "sign_in_report",
    opens: async (token) => (await stranger({}).run(previewSignInReport, { token })).ok,
  },
  "sign_in_report.redeem token": {
    takes: "sign_in_report",
    opens: async (token) => (await stranger({}).run(redeemSignInReport, { token, email: ada })).ok,
  },
  "oauth.complete oauthAttempt": {
    takes: "oauth_attempt",
    opens: async (oauthAttempt) => (await complete(oauthAttempt)).ok,
  },
  "oauth.preview pendingIdentity": {
    takes: "pending_identity",
    opens: async (pendingIdentity) =>
      (await stranger({}).run(previewOAuth, { pendingIdentity })).ok,
  },
  "oauth.switch_account pendingIdentity": {
    takes: "pending_identity",
    opens: async (pendingIdentity, { home: { session } }) =>
      (await stranger({ session }).run(switchAccount, { pendingIdentity })).ok,
  },
  "auth_provider.link pendingIdentity": {
    takes: "pending_identity",
    opens: async (pendingIdentity, { home: { session } }) =>
      (await stranger({ session }).run(linkProvider, { pendingIdentity })).ok,
  },
  "email_change.verify code": {
    takes: "email_change_code",
    alsoAccepts: ["padded"],
    opens: async (code, { mover: { session, mailRequest } }) =>
      (await stranger({ session, mailRequest }).run(verifyEmailChange, { email: leosThird, code }))
        .ok,
  },
  "email_change.preview_undo token": {
    takes: "email_undo",
    opens: async (token) => (await stranger({}).run(previewEmailUndo, { token })).ok,
  },
  "email_change.undo token": {
    takes: "email_undo",
    opens: async (token, { mover: { mailRequest } }) =>
      (await stranger({ mailRequest }).run(undoEmailChange, { token })).ok,
  },
  "account.preview_restore token": {
    takes: "deletion_undo",
    opens: async (token) => (await stranger({}).run(previewRestore, { token })).ok,
  },
  "account.restore_by_link token": {
    takes: "deletion_undo",
    opens: async (token, { leaver: { mailRequest } }) =>
      (await stranger({ mailRequest }).run(restoreByLink, { token })).ok,
  },
  "step_up.password password": {
    takes: "password",
    opens: async (typed, { home: { session } }) =>
      (await stranger({ session }).run(stepUpByPassword, { password: typed })).ok,
  },
  "step_up.code code": {
    takes: "step_up_code",
    alsoAccepts: ["padded"],
    opens: async (code, { home: { session, mailRequest } }) =>
      (await stranger({ session, mailRequest }).run(stepUpByCode, { code })).ok,
  },
  "setup.preview token": {
    takes: "setup",
    opens: async (token, { home: { session } }) =>
      (await stranger({ session }).run(previewSetup, { token })).ok,
  },
  "setup.redeem token": {
    takes: "setup",
    opens: async (token, { home: { session } }) =>
      (await stranger({ session }).run(redeemSetup, { token })).ok,
  },
  "step_up.preview token": {
    takes: "step_up",
    opens: async (token, { home: { session, mailRequest } }) =>
      (await stranger({ session, mailRequest }).run(previewStepUp, { token })).ok,
  },
  "step_up.link token": {
    takes: "step_up",
    opens: async (token, { home: { session, mailRequest } }) =>
      (await stranger({ session, mailRequest }).run(stepUpByLink, { token })).ok,
  },
  "access_link.preview token": {
    takes: "access_link",
    opens: async (token) => (await stranger({}).run(previewAccessLink, { token })).ok,
  },
  "access_link.redeem token": {
    takes: "access_link",
    opens: async (token) => (await stranger({}).run(redeemAccessLink, { token, email: ada })).ok,
  },
  "staff_email_change.preview token": {
    takes: "staff_email_change",
    opens: async (token) => (await stranger({}).run(previewStaffEmailChange, { token })).ok,
  },
  "staff_email_change.confirm token": {
    takes: "staff_email_change",
    opens: async (token, { waiting: { code } }) =>
      (await stranger({}).run(confirmStaffEmailChange, { token, code, email: max })).ok,
  },
  "staff_email_change.confirm code": {
    takes: "staff_email_change_code",
    alsoAccepts: ["padded"],
    opens: async (code, { waiting: { token } }) =>
      (await stranger({}).run(confirmStaffEmailChange, { token, code, email: max })).ok,
  },
  "staff_email_change.preview_stop token": {
    takes: "email_change_stop",
    opens: async (token) => (await stranger({}).run(previewEmailChangeStop, { token })).ok,
  },
  "staff_email_change.stop_by_link token": {
    takes: "email_change_stop",
    opens: async (token) =>
      (await stranger({}).run(stopEmailChangeByLink, { token, email: zoe })).ok,
  },
};

/** Passwords that are chosen there, and so open nothing. */
const chosen = [
  "sign_up.request password",
  "password_reset.redeem password",
  "password_reset.redeem_code password",
  "password.set password",
];

/** Fields without a secret. */
const harmless = [
  "name",
  "timeZone",
  "before",
  "event",
  "show",
  ...["userId", "reason", "role", "search", "status", "method"],
  ...["after", "queuedAfter", "deadAfter"],
  ...["event", "outcome", "user", "from", "to"],
  ...["email", "remember", "next", "id", "purpose", "confirmPassword", "provider"],
  // Its code is the provider's secret, which Auth.js exchanges.
  "callbackUrl",
];

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const distortions = {
  null: () => null,
  empty: () => "",
  "a list": (secret) => [secret, secret],
  truncated: (secret) => secret.slice(0, -1),
  "without its first character": (secret) => secret.slice(1),
  extended: (secret) => `${secret}0`,
  repeated: (secret) => secret + secret,
  "in the other case": (secret) =>
    secret.replace(/[a-z]/gi, (one) =>
      one === one.toLowerCase() ? one.toUpperCase() : one.toLowerCase(),
    ),
  padded: (secret) => ` ${secret}\t`,
  "with a NUL": (secret) => `${secret}\0`,
  quoted: (secret) => `"${secret}"`,
  "percent-encoded": (secret) =>
    secret.replace(/./g, (one) => `%${one.charCodeAt(0).toString(16)}`),
  // Not for a code, which would become another code: a guess, which costs an attempt.
  "the same bytes, encoded differently": (secret) =>
    !isToken(secret)
      ? secret
      : secret.slice(0, -1) + alphabet[alphabet.indexOf(secret.at(-1)!) ^ 1]!,
  "padded as base64": (secret) => `${secret}=`,
  "its stored digest": (secret, name) =>
    isToken(secret) ? digest(name as TokenUse, secret) : sha256(secret),
  "its SHA-256": sha256,
} satisfies Record<string, (secret: string, name: SecretName) => unknown>;

function sha256(text: string) {
  return createHash("sha256").update(text).digest("base64url");
}

/** Everything that could be consumed, voided or ended, while it is not. */
const readValidSecrets = async () =>
  (
    await rows<{ what: string }>(
      world.db,
      sql`select 'session ' || id as what from sessions
        union all select 'link ' || id from verifications
          where not is_decoy and consumed_at is null and voided_at is null
        union all select 'attempt ' || id from oauth_attempts where returned_at is null
        union all select 'identity ' || id from oauth_attempts
          where subject is not null and consumed_at is null
        union all select 'device ' || user_id || device_digest from known_devices`,
    )
  ).map(({ what }) => what);

const tries = async () =>
  (await row<{ n: number }>(world.db, sql`select sum(attempts)::int as n from verifications`))!.n;

const everyConsumer = [
  ...Object.entries(cookies).flatMap(([name, consumers]) =>
    Object.entries(consumers).map(
      ([what, consumer]) => [`The ${name} cookie ${what}`, consumer] as const,
    ),
  ),
  ...Object.entries(fields),
];

test("every field of every flow is in the table, or is no secret", () => {
  const expected = flows.flatMap(({ name, input }) =>
    Object.keys((input as { shape?: Record<string, unknown> }).shape ?? {})
      .filter((field) => !harmless.includes(field))
      .map((field) => `${name} ${field}`)
      .filter((field) => !chosen.includes(field)),
  );
  expect(Object.keys(fields).sort()).toEqual(expected.sort());
});

test("every secret has a consumer, except tokens that are for their rows alone", () => {
  const expected = new Set<string>(everyConsumer.map(([, { takes }]) => takes))
    .add("sign_up")
    .add("email_change");
  expect([...expected].sort()).toEqual(Object.keys(secrets).sort());
});

test.each(everyConsumer)(
  "%s: works with its own secret, unchanged, and with nothing else",
  async (_, c) => {
    const set = await scene();
    const right = secrets[c.takes](set);
    const wrong = [
      ...Object.entries(secrets).map(([name, of]) => [name, of(set)] as const),
      ...Object.entries(distortions)
        .filter(([name]) => !c.alsoAccepts?.some((accepted) => accepted === name))
        .map(([name, distort]) => [name, distort(right, c.takes)] as const),
    ].filter(([, value]) => value !== right);
    const before = await readValidSecrets();
    for (const [what, value] of wrong) {
      const triesBefore = await tries();
      // Another code of six digits is a guess, and costs an attempt.
      const isGuess = c.takes.endsWith("_code") && /^\d{6}$/.test(String(value));
      // Rate limits are not part of this test.
      await world.limiter.clear();
      expect(await c.opens(value, set), what).toBe(false);
      expect(await readValidSecrets(), what).toEqual(expect.arrayContaining(before));
      if (!isGuess) expect(await tries(), what).toBe(triesBefore);
      // There are more codes than attempts.
      else
        await world.writeDirectly((tx) => tx.execute(sql`update verifications set attempts = 0`));
    }
    expect(wrong.length).toBeGreaterThanOrEqual(Object.keys(distortions).length);
    await world.limiter.clear();
    expect(await c.opens(right, set), "the right one").toBe(true);
  },
);

test.each(everyConsumer.filter(([, { alsoAccepts }]) => alsoAccepts))(
  "%s: works also as people may type it",
  async (_, { takes, alsoAccepts, opens }) => {
    for (const how of alsoAccepts!) {
      const set = await scene();
      expect(await opens(distortions[how](secrets[takes](set), takes), set), how).toBe(true);
      await world.reset();
    }
  },
);
