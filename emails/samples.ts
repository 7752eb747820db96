import { googleMethod } from "@/lib/methods/google";
import { linkedinMethod } from "@/lib/methods/linkedin";
import type { Letter } from "@/lib/core/letters";

const to = "ada@example.com" as Letter["to"];
const browser = "firefox/linux";
const at = "2026-11-20T08:12:00.000Z";
const asked = {
  to,
  browser,
  askedAt: at,
  verificationId: "00000000-0000-4000-8000-000000000000",
};
const token = "7hYt2mQpXo0R9sVbNcKdLeWfGzAiJuTxB4r6E8wM1k3";
const code = "482193";

/** A sample of each letter. */
export const samples: { readonly [Kind in Letter["kind"]]: Extract<Letter, { kind: Kind }> } = {
  magic_link: { kind: "magic_link", ...asked, token, code },
  sign_up_link: { kind: "sign_up_link", ...asked, token, code },
  sign_up_code: { kind: "sign_up_code", ...asked, code },
  already_signed_up: { kind: "already_signed_up", ...asked, token },
  password_reset: { kind: "password_reset", ...asked, token, code },
  step_up: { kind: "step_up", ...asked, token, code },
  email_change_code: { kind: "email_change_code", ...asked, code },
  email_taken: { kind: "email_taken", ...asked },
  email_changed: {
    kind: "email_changed",
    newAddress: "l**@example.com",
    token,
    verificationId: asked.verificationId,
    ...{ to, browser, at },
  },
  deletion_scheduled: {
    kind: "deletion_scheduled",
    deletesAt: "2026-12-04T08:12:00.000Z",
    token,
    verificationId: asked.verificationId,
    ...{ to, browser, at },
  },
  former_account_deleted: { kind: "former_account_deleted", to, browser, at },
  new_device_sign_in: { kind: "new_device_sign_in", to, browser, at, token, ip: "203.0.113.7" },
  password_chosen: { kind: "password_chosen", to, browser, at, first: false },
  password_removed: { kind: "password_removed", to, browser, at },
  methods_locked: { kind: "methods_locked", to, browser, at },
  methods_unlocked: { kind: "methods_unlocked", to, browser, at },
  provider_connected: {
    kind: "provider_connected",
    provider: googleMethod.id,
    address: "ada@gmail.com" as Letter["to"],
    to,
    browser,
    at,
  },
  provider_disconnected: {
    kind: "provider_disconnected",
    provider: linkedinMethod.id,
    to,
    browser,
    at,
  },
  access_link: { kind: "access_link", to, verificationId: asked.verificationId, token },
  staff_email_code: {
    kind: "staff_email_code",
    to,
    verificationId: asked.verificationId,
    ...{ token, code },
  },
  staff_email_scheduled: {
    kind: "staff_email_scheduled",
    newAddress: "l**@example.com",
    verificationId: asked.verificationId,
    ...{ to, at, token },
  },
  staff_email_changed: {
    kind: "staff_email_changed",
    newAddress: "l**@example.com",
    verificationId: asked.verificationId,
    ...{ to, at, token },
  },
  staff_email_ready: { kind: "staff_email_ready", to, at },
  staff_email_stopped: { kind: "staff_email_stopped", to, at },
  account_disabled: { kind: "account_disabled", to, at },
  account_enabled: { kind: "account_enabled", to, at },
  invitation: { kind: "invitation", to, verificationId: asked.verificationId },
  test_email: { kind: "test_email", to, at },
  role_changed: { kind: "role_changed", role: "support", to, at },
};
