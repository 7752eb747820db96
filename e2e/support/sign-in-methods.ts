import { decodeFlash } from "@/lib/web/flash-page";
import type { Client } from "./client";
import { type Form, formWith, type multipart } from "./forms";
import type { HttpResponse } from "./http";
import { authorizationUrlOf, callbackUrlFrom } from "./oauth";
import { type OidcServer, setUser } from "./oidc";
import type { SmtpInbox, SmtpLetter } from "./smtp-inbox";

/** Somebody on the way through a sign-in method, over HTTP. */
export interface Visitor {
  readonly email: string;
  readonly client: Client;
  readonly inbox: SmtpInbox;
  readonly google: OidcServer;
  /** The letter that the last step read. */
  letter?: SmtpLetter;
  /** The callback that the provider leads to. */
  callback?: string | undefined;
}

/** What a person does on one page. It may be done again when the page said so. */
export interface Step {
  readonly needsLetter?: true;
  act(visitor: Visitor): Promise<HttpResponse>;
  isDone(response: HttpResponse, visitor: Visitor): boolean;
}

export interface Method {
  readonly name: string;
  /** Whether the visitor has an account with a password before. */
  readonly hasAccount?: true;
  readonly sendsLetter?: true;
  /** What people see when a fault may meet a step, where it is not the usual. */
  readonly whenInterrupted?: string;
  readonly steps: readonly Step[];
}

export const password = "three quiet otters";

const isSignedIn = (_: HttpResponse, { client }: Visitor) => client.jar.has("latchkey-session");

/** Presses a button. Pressed again, it sends the same form, as a reload does. */
function button(
  label: string,
  path: string | ((visitor: Visitor) => string),
  typed: (visitor: Visitor) => Parameters<typeof multipart>[1],
  isDone: Step["isDone"],
): Step {
  const forms = new WeakMap<Visitor, Form>();
  return {
    async act(visitor) {
      const at = typeof path === "string" ? path : path(visitor);
      if (!forms.has(visitor)) {
        const page = await visitor.client.get(at);
        if (page.status !== 200) return page;
        forms.set(visitor, formWith(page.body, label));
      }
      return visitor.client.post(at, forms.get(visitor)!, typed(visitor));
    },
    isDone,
  };
}

const leadsTo =
  (path: string): Step["isDone"] =>
  (response, { client }) =>
    client.whereTo(response)?.startsWith(path) ?? false;

/** A step before which the letter arrives. */
const afterLetter = (step: Step): Step => ({ ...step, needsLetter: true });

const address = ({ email }: Visitor) => ({ email });
const code = ({ letter }: Visitor) => ({ code: letter!.code });
const linkPath = ({ letter }: Visitor) => letter!.path;
const request = button("Email me a sign-in link", "/sign-in", address, leadsTo("/sign-in/check"));

/** The refusal of a callback that cannot be repeated: the page offers to start again. */
export const startsAgain = "oauth_state_invalid";

/** The code of the refusal that the next page explains. */
export function refusalIn({ jar }: Client): string | undefined {
  const { code } = (decodeFlash(jar.get("latchkey-flash") ?? null) ?? {}) as { code?: string };
  return code;
}

async function continueWithGoogle(visitor: Visitor): Promise<HttpResponse> {
  const { client, google, email } = visitor;
  const page = await client.get("/sign-in");
  if (page.status !== 200) return page;
  const response = await client.post("/sign-in", formWith(page.body, "Continue with Google"));
  if (client.whereTo(response) === "/unavailable" || response.status >= 400) return response;
  setUser(google, email);
  const url = await authorizationUrlOf(client, response).catch(() => null);
  if (url) visitor.callback = await callbackUrlFrom(url);
  return response;
}

/** The sign-in methods as a person goes through them, each step on one page. */
export const methods: readonly Method[] = [
  {
    name: "link",
    sendsLetter: true,
    steps: [request, afterLetter(button("Sign in", linkPath, () => ({}), isSignedIn))],
  },
  {
    name: "code",
    sendsLetter: true,
    steps: [request, afterLetter(button("Continue", "/sign-in/check", code, isSignedIn))],
  },
  {
    name: "password",
    hasAccount: true,
    steps: [
      button("Sign in", "/sign-in/password", ({ email }) => ({ email, password }), isSignedIn),
    ],
  },
  {
    name: "sign-up",
    sendsLetter: true,
    steps: [
      button("Sign up", "/sign-up", ({ email }) => ({ email, password }), leadsTo("/verify-email")),
      afterLetter(button("Finish signing up", "/verify-email", code, isSignedIn)),
    ],
  },
  {
    name: "reset",
    hasAccount: true,
    sendsLetter: true,
    steps: [
      button("Email me a link", "/password", address, leadsTo("/password/check")),
      afterLetter(button("Set password and sign in", linkPath, () => ({ password }), isSignedIn)),
    ],
  },
  {
    name: "Google",
    // A code of the provider works once, and the fault may come after that.
    whenInterrupted: "at once, told to try again or to start again",
    steps: [
      { act: continueWithGoogle, isDone: (_, { callback }) => callback !== undefined },
      {
        async act(visitor) {
          if (visitor.callback === undefined) {
            const response = await continueWithGoogle(visitor);
            if (visitor.callback === undefined) return response;
          }
          const response = await visitor.client.get(visitor.callback!);
          if (refusalIn(visitor.client) === startsAgain) visitor.callback = undefined;
          return response;
        },
        isDone: isSignedIn,
      },
    ],
  },
];
