/** What a refusal is to a program. */
interface RefusalStatus {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 421 | 429 | 503;
}

/**
 * Every expected "no". Codes are stable: programs may rely on them. What people read is in
 * `messages/`, under `error.` and the code.
 */
export const refusals = {
  invalid_input: { status: 400 },
  unsupported_media_type: { status: 415 },
  body_too_large: { status: 413 },
  method_not_allowed: { status: 405 },
  misdirected_request: { status: 421 },
  redirect_loop: { status: 421 },
  form_outdated: { status: 409 },
  email_missing: { status: 400 },
  email_invalid: { status: 400 },
  code_malformed: { status: 400 },
  code_invalid: { status: 400 },
  too_many_attempts: { status: 429 },
  password_missing: { status: 400 },
  password_too_short: { status: 400 },
  password_too_long: { status: 400 },
  passwords_do_not_match: { status: 400 },
  password_common: { status: 400 },
  password_personal: { status: 400 },
  password_breached: { status: 400 },
  password_incorrect: { status: 400 },
  invalid_credentials: { status: 401 },
  sign_up_pending: { status: 403 },
  already_signed_up: { status: 409 },
  step_up_required: { status: 403 },
  provider_cancelled: { status: 400 },
  oauth_state_invalid: { status: 400 },
  provider_unavailable: { status: 503 },
  provider_failed: { status: 400 },
  provider_email_unverified: { status: 403 },
  identity_already_in_use: { status: 409 },
  provider_already_linked: { status: 409 },
  session_changed: { status: 409 },
  last_sign_in_method: { status: 409 },
  overloaded: { status: 503 },
  link_invalid: { status: 400 },
  email_mismatch: { status: 400 },
  sign_up_closed: { status: 403 },
  reason_missing: { status: 400 },
  reason_too_long: { status: 400 },
  has_account: { status: 409 },
  own_account: { status: 409 },
  staff_account: { status: 403 },
  last_admin: { status: 409 },
  email_unverified: { status: 409 },
  already_done: { status: 409 },
  access_link_session: { status: 403 },
  account_disabled: { status: 403 },
  signed_in_as_other: { status: 409 },
  sign_in_required: { status: 401 },
  not_found: { status: 404 },
  cross_site: { status: 403 },
  cookies_blocked: { status: 400 },
  resend_too_soon: { status: 429 },
  too_many_requests: { status: 429 },
  unavailable: { status: 503 },
} as const satisfies Record<string, RefusalStatus>;

export type RefusalCode = keyof typeof refusals;

export const isRefusalCode = (text: string): text is RefusalCode => Object.hasOwn(refusals, text);
