/** What a person is told, and the status a program gets, for every expected "no". */
interface RefusalText {
  readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 415 | 429 | 503;
  readonly sentence: string;
}

/**
 * The catalogue. Codes are stable: programs may rely on them. Sentences say what happened and
 * what to do, and never whether an account exists. `{wait}` is replaced by the time to wait.
 */
export const refusals = {
  input_malformed: {
    status: 400,
    sentence: "This form did not arrive as it was sent. Reload the page and try again.",
  },
  not_json: { status: 415, sentence: "Send JSON, with Content-Type: application/json." },
  body_too_large: { status: 413, sentence: "That is more than we take in one request." },
  email_missing: { status: 400, sentence: "Enter your email address." },
  email_invalid: {
    status: 400,
    sentence: "Enter an email address in the form name@example.com.",
  },
  code_malformed: { status: 400, sentence: "Enter the 6 digits from the mail." },
  code_wrong: {
    status: 400,
    sentence: "That code is not right, or too old by now. Check the newest mail, or use its link.",
  },
  code_tries_spent: {
    status: 429,
    sentence: "This code has been tried too often. The link in the same mail still works.",
  },
  link_dead: {
    status: 400,
    sentence:
      "This link can’t be used. Links work once, and not for long. Some mail filters open them first.",
  },
  address_differs: {
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

/** Whether a text, from a cookie or a schema's message, is one of our codes. */
export const isRefusalCode = (text: string): text is RefusalCode => Object.hasOwn(refusals, text);
