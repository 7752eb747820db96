import type { OutgoingHttpHeaders } from "node:http";
import { type Form, formWith, multipart } from "./forms";
import { type HttpResponse, cookiesOf, type ServerAddress, send, type Sent } from "./http";
import type { Inbox } from "./inbox";

/** An HTTP client with a browser's cookies, forms and redirects. */
export class Client {
  readonly jar = new Map<string, string>();

  constructor(
    readonly serverAddress: ServerAddress,
    private readonly always: OutgoingHttpHeaders = {},
  ) {}

  async send(path: string, sent: Sent = {}): Promise<HttpResponse> {
    const cookie = [...this.jar].map((pair) => pair.join("=")).join("; ");
    const response = await send(this.serverAddress, path, {
      ...sent,
      headers: { ...this.always, ...(cookie && { cookie }), ...sent.headers },
    });
    for (const [name, { value, attributes }] of cookiesOf(response))
      if (attributes.includes("Max-Age=0")) this.jar.delete(name);
      else this.jar.set(name, value);
    return response;
  }

  get = (path: string) => this.send(path);

  /** Opens a page and sends the form with that button, as a browser on our page does. */
  async submit(
    path: string,
    button: string,
    typed: Parameters<typeof multipart>[1] = {},
    headers: OutgoingHttpHeaders = {},
  ): Promise<HttpResponse> {
    const page = await this.get(path);
    return this.post(path, formWith(page.body, button), typed, headers);
  }

  async post(
    path: string,
    form: Form,
    typed: Parameters<typeof multipart>[1] = {},
    headers: OutgoingHttpHeaders = {},
  ): Promise<HttpResponse> {
    const { body, type } = await multipart(form, typed);
    return this.send(path, {
      body,
      headers: {
        origin: this.serverAddress.origin,
        "sec-fetch-site": "same-origin",
        "content-type": type,
        ...headers,
      },
    });
  }

  /** The hidden field of a page that shows the user who is signed in now. */
  async shownToField(): Promise<Record<"shown-to", string>> {
    const { session } = JSON.parse((await this.get("/api/v1/session")).body) as {
      session: { userId: string } | null;
    };
    return { "shown-to": session?.userId ?? "" };
  }

  /** A request of the JSON API. */
  json = (path: string, body: unknown, method = "POST") =>
    this.send(path, {
      method,
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });

  /** The target of a redirect: a path on our origin, or the whole URL of another origin. */
  whereTo({ headers }: HttpResponse): string | null {
    if (headers.location === undefined) return null;
    const { origin, href, pathname, search } = new URL(headers.location, this.serverAddress.origin);
    return origin === this.serverAddress.origin ? pathname + search : href;
  }

  /** Follows the redirects of a response. */
  async follow(response: HttpResponse): Promise<HttpResponse> {
    const at = this.whereTo(response);
    return at === null ? response : this.follow(await this.get(at));
  }

  /** Requests a link on the sign-in page, or when signed in, on the page of an invalid link. */
  requestLink = (email: string, typed: Parameters<typeof multipart>[1] = {}) =>
    this.jar.has("latchkey-session")
      ? this.submit("/l", "Send a new link", { email, ...typed })
      : this.submit("/sign-in", "Email me a sign-in link", { email, ...typed });

  /** Signs up with a password and submits the code from the email. */
  async signUpAndVerify(email: string, password: string, inbox: Inbox): Promise<void> {
    await this.json("/api/v1/sign-ups", { email, password });
    const code = await inbox.codeTo(email);
    await this.json("/api/v1/sign-ups/verifications", { email, code });
    if (!this.jar.has("latchkey-session")) throw new Error(`${email} was not signed up.`);
  }

  async signIn(email: string, inbox: Inbox): Promise<void> {
    await this.requestLink(email);
    const { path } = await inbox.letterTo(email);
    await this.submit(path, "Sign in");
    if (!this.jar.has("latchkey-session")) throw new Error(`${email} was not signed in.`);
  }
}
