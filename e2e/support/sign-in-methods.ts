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
  callback?: string;
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
    steps: [
      {
        async act(visitor) {
          const { client, google, email } = visitor;
          const page = await client.get("/sign-in");
          if (page.status !== 200) return page;
          const form = formWith(page.body, "Continue with Google");
          const response = await client.post("/sign-in", form);
          if (client.whereTo(response) === "/unavailable" || response.status >= 400)
            return response;
          setUser(google, email);
          visitor.callback = await callbackUrlFrom(await authorizationUrlOf(client, response));
          return response;
        },
        isDone: (_, { callback }) => callback !== undefined,
      },
      { act: ({ client, callback }) => client.get(callback!), isDone: isSignedIn },
    ],
  },
];
