import { type BrowserContext, expect, type Page } from "@playwright/test";
import { Client } from "./client";
import type { ServerAddress } from "./http";
import type { Inbox, SignInLetter } from "./inbox";
import { choose, type Told } from "./fake-providers";

interface Ask {
  readonly remember?: boolean;
  readonly next?: string;
}

interface Given {
  readonly email: string;
  readonly inbox: Inbox;
  /** The server of ours. */
  readonly serverAddress: ServerAddress;
  readonly hasScript: boolean;
}

/** Somebody with an address and a browser of their own. */
export class Person {
  private constructor(
    readonly page: Page,
    private readonly given: Given,
  ) {}

  static at = (page: Page, given: Given) => new Person(page, given);

  get email(): string {
    return this.given.email;
  }

  get browser(): BrowserContext {
    return this.page.context();
  }

  /** Signs in over HTTP, where signing in is not what the test is about. */
  startsSignedIn = () => this.startsAs((client) => client.signIn(this.email, this.given.inbox));

  /** Signs up with a password over HTTP, and is signed in. */
  startsWithPassword = (password: string) =>
    this.startsAs((client) => client.join(this.email, password, this.given.inbox));

  /** Does something over HTTP, and goes on in the browser with the cookies that it left. */
  private async startsAs(act: (client: Client) => Promise<void>): Promise<void> {
    const client = new Client(this.given.serverAddress);
    await act(client);
    const flags = { url: client.serverAddress.origin, httpOnly: true, sameSite: "Lax" } as const;
    await this.browser.addCookies(
      [...client.jar].map(([name, value]) => ({ name, value, ...flags })),
    );
  }

  open = (path: string) => this.page.goto(path);

  /** By its words, whether or not it wears the badge of what was used last. */
  press = (button: string) =>
    this.page
      .getByRole("button", { name: new RegExp(`^${escaped(button)}( Last used)?$`) })
      .click();

  async type(label: string, text: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).fill(text);
    // Without script nobody can look at a new password, so it is asked for twice.
    if (label === "New password" && !this.given.hasScript)
      await this.type("Repeat new password", text);
  }

  sees = (text: string | RegExp) => expect(this.page.locator("main")).toContainText(text);

  seesTitle = (title: string) =>
    expect(this.page.getByRole("heading", { level: 1 })).toHaveText(title);

  setUser = (path: string | RegExp) =>
    typeof path === "string"
      ? expect(this.page).toHaveURL((url) => url.pathname + url.search === path)
      : expect(this.page).toHaveURL(path);

  /** Fills in the sign-in page and presses the button, whatever comes of it. */
  async requestLink({ remember = false, next }: Ask = {}, email = this.email): Promise<void> {
    await this.open(next === undefined ? "/sign-in" : `/sign-in?next=${encodeURIComponent(next)}`);
    await this.type("Email", email);
    if (remember) await this.page.getByLabel("Keep me signed in").check();
    await this.press("Email me a sign-in link");
  }

  /** Asks for a sign-in mail and reads it. */
  async requestAndReceiveLink(ask: Ask = {}): Promise<SignInLetter> {
    await this.requestLink(ask);
    await this.seesTitle("Check your email");
    return this.readsTheLetter();
  }

  readsTheLetter = () => this.given.inbox.letterTo(this.email);

  async signIn(ask: Ask = {}): Promise<void> {
    await this.signInByLink(ask);
    await this.isSignedIn();
  }

  /** The same, wherever it leads. */
  async signInByLink(ask: Ask = {}): Promise<void> {
    const { link } = await this.requestAndReceiveLink(ask);
    await this.open(link);
    await this.press("Sign in");
  }

  async submitCode(code: string, button = "Continue"): Promise<void> {
    // The page before it may already say what the answer will say, so the answer is awaited.
    const answered = this.page.waitForEvent("domcontentloaded");
    await this.type("Code", code);
    // With script six digits submit by themselves.
    if (!this.given.hasScript || !/^\d{6}$/.test(code)) await this.press(button);
    await answered;
  }

  /** Fills in the sign-up page and presses the button, whatever comes of it. */
  async signUp(password: string, email = this.email): Promise<void> {
    await this.open("/sign-up");
    await this.type("Email", email);
    await this.type("New password", password);
    await this.press("Sign up");
  }

  /** Signs up with a password, and types the code from the mail. */
  async signUpAndVerify(password: string): Promise<void> {
    await this.signUp(password);
    await this.seesTitle("Check your email");
    await this.submitCode(await this.readsTheCode(), "Finish signing up");
    await this.isSignedIn();
  }

  readsTheCode = () => this.given.inbox.codeTo(this.email);
  readsTheNotice = () => this.given.inbox.nextTo(this.email);

  /** Fills in the page for a password and presses the button, whatever comes of it. */
  async signInWithPassword(password: string, email = this.email): Promise<void> {
    await this.open("/sign-in/password");
    await this.type("Email", email);
    await this.type("Password", password);
    await this.press("Sign in");
  }

  /** Tells Google or LinkedIn, which stand in on their page, who one is; or cancels there. */
  chooses = (who: Told | "cancel") => choose(this.page, who);

  /** Comes by a provider from the sign-in page, whatever comes of it. */
  async signInWithProvider(
    provider: "Google" | "LinkedIn",
    who: Told = { email: this.email },
  ): Promise<void> {
    await this.open("/sign-in");
    await this.press(`Continue with ${provider}`);
    await this.chooses(who);
  }

  /** The same person in another tab. */
  in = (tab: Page) => new Person(tab, this.given);

  async signOut(): Promise<void> {
    await this.press("Sign out");
    await this.seesTitle("Sign in to Latchkey");
  }

  async isSignedIn(): Promise<void> {
    await this.seesTitle("Your account");
    await expect(this.page.locator("header")).toContainText(this.email);
  }

  /** Looks at a page of the account and is asked to sign in. */
  async isSignedOut(): Promise<void> {
    await this.open("/account");
    await this.setUser(/\/sign-in\?next=%2Faccount/);
  }

  async cookie(name: "session" | "mail_request" | "device" | "flash") {
    const cookies = await this.browser.cookies();
    return cookies.find((cookie) => cookie.name === `latchkey-${name}`);
  }
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
