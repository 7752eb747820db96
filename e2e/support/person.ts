import { type BrowserContext, expect, type Page } from "@playwright/test";
import { Client } from "./client";
import type { ServerAddress } from "./http";
import type { Inbox, SignInLetter } from "./inbox";
import { choose, type ProviderUser } from "./fake-providers";

interface RequestOptions {
  readonly remember?: boolean;
  readonly next?: string;
}

interface Given {
  readonly email: string;
  readonly inbox: Inbox;
  readonly serverAddress: ServerAddress;
  readonly hasScript: boolean;
}

/** A user with an address and a browser. */
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

  /** Signs in over HTTP, for tests of something else. */
  startsSignedIn = () => this.startsAs((client) => client.signIn(this.email, this.given.inbox));

  /** Signs up with a password over HTTP. */
  startsWithPassword = (password: string) =>
    this.startsAs((client) => client.signUpAndVerify(this.email, password, this.given.inbox));

  /** Acts over HTTP, and copies the cookies to the browser. */
  private async startsAs(act: (client: Client) => Promise<void>): Promise<void> {
    const client = new Client(this.given.serverAddress);
    await act(client);
    const flags = { url: client.serverAddress.origin, httpOnly: true, sameSite: "Lax" } as const;
    await this.browser.addCookies(
      [...client.jar].map(([name, value]) => ({ name, value, ...flags })),
    );
  }

  open = (path: string) => this.page.goto(path);

  /** Finds the button by its label, with or without the badge "Last used". */
  clickButton = (button: string) =>
    this.page
      .getByRole("button", { name: new RegExp(`^${escaped(button)}( Last used)?$`) })
      .click();

  async type(label: string, text: string): Promise<void> {
    await this.page.getByLabel(label, { exact: true }).fill(text);
    // Without script there is no "Show password" button, and the page asks for the password twice.
    if (label === "New password" && !this.given.hasScript)
      await this.type("Repeat new password", text);
  }

  sees = (text: string | RegExp) => expect(this.page.locator("main")).toContainText(text);

  seesTitle = (title: string) =>
    expect(this.page.getByRole("heading", { level: 1 })).toHaveText(title);

  seesUrl = (path: string | RegExp) =>
    typeof path === "string"
      ? expect(this.page).toHaveURL((url) => url.pathname + url.search === path)
      : expect(this.page).toHaveURL(path);

  /** The checkbox "Keep me signed in" of the form with this button. */
  keepBeside = (button: string) =>
    this.page
      .locator("form")
      .filter({ has: this.page.getByRole("button", { name: button }) })
      .getByLabel("Keep me signed in");

  /** Submits the sign-in page, without checking the result. */
  async requestLink(
    { remember = false, next }: RequestOptions = {},
    email = this.email,
  ): Promise<void> {
    await this.open(next === undefined ? "/sign-in" : `/sign-in?next=${encodeURIComponent(next)}`);
    await this.type("Email", email);
    if (remember) await this.keepBeside("Email me a sign-in link").check();
    await this.clickButton("Email me a sign-in link");
  }

  /** Requests a sign-in email and reads it. */
  async requestAndReceiveLink(options: RequestOptions = {}): Promise<SignInLetter> {
    await this.requestLink(options);
    await this.seesTitle("Check your email");
    return this.readsTheLetter();
  }

  readsTheLetter = () => this.given.inbox.letterTo(this.email);

  async signIn(options: RequestOptions = {}): Promise<void> {
    await this.signInByLink(options);
    await this.isSignedIn();
  }

  /** Signs in by link, without checking the page that follows. */
  async signInByLink(options: RequestOptions = {}): Promise<void> {
    const { link } = await this.requestAndReceiveLink(options);
    await this.open(link);
    await this.clickButton("Sign in");
  }

  async submitCode(code: string, button = "Continue"): Promise<void> {
    // Both pages may have the same text, so this waits for the new document.
    const loaded = this.page.waitForEvent("domcontentloaded");
    await this.type("Code", code);
    // The page's script submits six digits automatically.
    if (!this.given.hasScript || !/^\d{6}$/.test(code)) await this.clickButton(button);
    await loaded;
  }

  /** Submits the sign-up page, without checking the result. */
  async signUp(password: string, email = this.email): Promise<void> {
    await this.open("/sign-up");
    await this.type("Email", email);
    await this.type("New password", password);
    await this.clickButton("Sign up");
  }

  /** Signs up with a password and submits the code from the email. */
  async signUpAndVerify(password: string): Promise<void> {
    await this.signUp(password);
    await this.seesTitle("Check your email");
    await this.submitCode(await this.readsTheCode(), "Finish signing up");
    await this.isSignedIn();
  }

  readsTheCode = () => this.given.inbox.codeTo(this.email);
  readsTheReport = () => this.given.inbox.reportTo(this.email);
  readsTheNotice = () => this.given.inbox.nextTo(this.email);

  /** Submits the password page, without checking the result. */
  async signInWithPassword(password: string, email = this.email): Promise<void> {
    await this.open("/sign-in/password");
    await this.type("Email", email);
    await this.type("Password", password);
    await this.clickButton("Sign in");
  }

  /** Chooses a user on the page of the fake provider, or cancels there. */
  chooses = (who: ProviderUser | "cancel") => choose(this.page, who);

  /** Signs in with a provider from the sign-in page, without checking the result. */
  async signInWithProvider(
    provider: "Google" | "LinkedIn",
    who: ProviderUser = { email: this.email },
    { remember = false }: Pick<RequestOptions, "remember"> = {},
  ): Promise<void> {
    await this.open("/sign-in");
    if (remember) await this.keepBeside(`Continue with ${provider}`).check();
    await this.clickButton(`Continue with ${provider}`);
    await this.chooses(who);
  }

  /** The same user in another tab. */
  in = (tab: Page) => new Person(tab, this.given);

  async signOut(): Promise<void> {
    await this.clickButton("Sign out");
    await this.seesTitle("Sign in to Latchkey");
  }

  async isSignedIn(): Promise<void> {
    await this.seesTitle("Your account");
    await expect(this.page.locator("header")).toContainText(this.email);
  }

  /** Opens a page of the account and is redirected to the sign-in page. */
  async isSignedOut(): Promise<void> {
    await this.open("/account");
    await this.seesUrl(/\/sign-in\?next=%2Faccount/);
  }

  async cookie(name: "session" | "mail_request" | "device" | "flash") {
    const cookies = await this.browser.cookies();
    return cookies.find((cookie) => cookie.name === `latchkey-${name}`);
  }
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
