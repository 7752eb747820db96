/** An error's sentence for users and its HTTP status. */
interface RefusalText {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 421 | 429 | 503;
  readonly sentence: string;
}

/**
 * The error catalogue. Codes are stable, as programs rely on them. A sentence says what happened and
 * what to do, and never whether an account exists. `sentenceOf` fills its slots: `{wait}` the time
 * to wait, `{least}` the minimum length of a password, `{provider}` a provider's name, `{address}`
 * the signed-in user's address, `{origin}` the configured origin.
 */
export const refusals = {
  invalid_input: {
    status: 400,
    sentence: "This form did not arrive as it was sent. Reload the page and try again.",
  },
  unsupported_media_type: {
    status: 415,
    sentence: "Send JSON, with Content-Type: application/json.",
  },
  body_too_large: { status: 413, sentence: "That is more than we take in one request." },
  method_not_allowed: { status: 405, sentence: "Nothing here is asked for in that way." },
  misdirected_request: { status: 421, sentence: "This server is {origin}." },
  email_missing: { status: 400, sentence: "Enter your email address." },
  email_invalid: {
    status: 400,
    sentence: "Enter an email address in the form name@example.com.",
  },
  code_malformed: { status: 400, sentence: "Enter the 6 digits from the mail." },
  code_invalid: {
    status: 400,
    sentence: "That code is not right, or too old by now. Check the newest mail.",
  },
  too_many_attempts: {
    status: 429,
    sentence: "Too many attempts. Try again in {wait}.",
  },
  password_missing: { status: 400, sentence: "Enter a password." },
  password_too_short: {
    status: 400,
    sentence: "That password is too short. Use at least {least} characters; a few words do well.",
  },
  password_too_long: {
    status: 400,
    sentence: "That password is too long. At most 1,024 characters fit.",
  },
  passwords_do_not_match: {
    status: 400,
    sentence: "The two are not the same. Type the new password twice.",
  },
  password_common: {
    status: 400,
    sentence: "That password is easy to guess. Choose another; a few unrelated words do well.",
  },
  password_personal: {
    status: 400,
    sentence:
      "That password is made of your own address or of this site’s name. Choose one that says nothing of you.",
  },
  password_breached: {
    status: 400,
    sentence:
      "That password is in a published list of stolen ones, so others try it. Choose another.",
  },
  password_incorrect: { status: 400, sentence: "That is not the password of this account." },
  invalid_credentials: {
    status: 401,
    sentence:
      "This email and password do not go together here. Try again, or ask for a sign-in link.",
  },
  sign_up_pending: {
    status: 403,
    sentence: "Type the code we mailed you, and your account is ready.",
  },
  already_signed_up: {
    status: 409,
    sentence: "This address has an account by now. Sign in to it, or set a new password.",
  },
  step_up_required: { status: 403, sentence: "Show that it is you, then go on." },
  provider_cancelled: {
    status: 400,
    sentence: "You left {provider} without signing in. Nothing was changed.",
  },
  oauth_state_invalid: {
    status: 400,
    sentence:
      "Your visit to {provider} took too long, or was begun in another browser. Nothing was changed. Start again.",
  },
  provider_unavailable: {
    status: 503,
    sentence: "{provider} is not answering. Use another way to sign in, or try again in {wait}.",
  },
  provider_failed: {
    status: 400,
    sentence:
      "{provider} gave an answer that we can’t trust, so nothing was changed. Try again, or use another way to sign in.",
  },
  provider_email_unverified: {
    status: 403,
    sentence:
      "{provider} does not vouch for an email address of yours, so it was not used. Sign in another way, such as a link by mail, or verify your address at {provider} first.",
  },
  identity_already_in_use: {
    status: 409,
    sentence:
      "That {provider} account opens another account here. It stays there, and nothing was changed.",
  },
  provider_already_linked: {
    status: 409,
    sentence: "A {provider} account is connected to yours. Disconnect it first to connect another.",
  },
  session_changed: {
    status: 409,
    sentence:
      "You were signed out on the way to {provider}, or signed in again, so nothing was connected. Connect it once more from your sign-in methods.",
  },
  last_sign_in_method: {
    status: 409,
    sentence: "This is the last way into your account. Add another one first.",
  },
  overloaded: {
    status: 503,
    sentence: "Very many people are signing in at this moment. Try again in {wait}.",
  },
  link_invalid: {
    status: 400,
    sentence:
      "This link can’t be used. Links work once, and not for long. Some mail filters open them first.",
  },
  email_mismatch: {
    status: 400,
    sentence: "That is not the address this link was sent to. Type the whole address.",
  },
  sign_up_closed: {
    status: 403,
    sentence: "New accounts are made by invitation here. Ask whoever invited you.",
  },
  account_disabled: {
    status: 403,
    sentence: "This account is switched off. Write to support if you think that is a mistake.",
  },
  signed_in_as_other: {
    status: 409,
    sentence: "You are now signed in as {address}; nothing was changed.",
  },
  sign_in_required: { status: 401, sentence: "Sign in to go on." },
  not_found: { status: 404, sentence: "There is nothing here." },
  cross_site: {
    status: 403,
    sentence: "This request came from another site, so nothing was done. Start from our page.",
  },
  resend_too_soon: {
    status: 429,
    sentence: "A mail was asked for just now. You can ask again in {wait}.",
  },
  too_many_requests: { status: 429, sentence: "Too many requests. Try again in {wait}." },
  unavailable: {
    status: 503,
    sentence: "We can’t reach our database. Nothing is lost. Try again in a few seconds.",
  },
} as const satisfies Record<string, RefusalText>;

export type RefusalCode = keyof typeof refusals;

export const isRefusalCode = (text: string): text is RefusalCode => Object.hasOwn(refusals, text);
