import { type Duration, exactly } from "@/lib/core/duration";
import type { Letter } from "@/lib/core/letters";
import { oauthProviders } from "@/lib/core/oauth-providers";
import type { LetterFacts } from "./facts";
import type { LetterWords } from "./letter";

/** What each letter says: links from the origin alone, ends as time and as duration (L7, L10). */
export function wordsOf(letter: Letter, facts: LetterFacts): LetterWords {
  const { appName, origin, lifetimes } = facts;
  switch (letter.kind) {
    case "magic_link":
    case "sign_up_link":
      return {
        subject: `Sign in to ${appName}`,
        preview: `${letter.code} is your code for ${appName}`,
        code: letter.code,
        heading: `Sign in to ${appName}`,
        ...(letter.kind === "sign_up_link" && {
          lead: "There is no account for this address yet. Signing in creates it.",
        }),
        button: { label: `Sign in to ${appName}`, url: `${origin}/l/${letter.token}` },
        text: linkAndCode(facts, lifetimes.magicLink),
        hint: asked(letter),
      };
    case "sign_up_code":
      return {
        subject: `${letter.code} is your ${appName} code`,
        preview: `${letter.code} finishes signing up to ${appName}`,
        code: letter.code,
        heading: `Finish signing up to ${appName}`,
        text: `Type it in the browser where you signed up. It works for ${until(facts, lifetimes.emailCode)}.`,
        hint: `${asked(letter)} Without the code nobody gets an account with your address.`,
      };
    case "already_signed_up":
      return {
        subject: `You already have an account at ${appName}`,
        preview: `Somebody tried to sign up with your address`,
        heading: "You already have an account",
        lead: letter.token
          ? "Somebody, perhaps you, tried to sign up with this address. It has an account already: sign in to it by this link."
          : "Somebody, perhaps you, tried to sign up with this address. It has an account already: sign in to it with its password, or set a new one from the sign-in page.",
        ...(letter.token && {
          button: { label: `Sign in to ${appName}`, url: `${origin}/l/${letter.token}` },
          text: `The link works once, for ${until(facts, lifetimes.magicLink)}.`,
        }),
        hint: asked(letter),
      };
    case "password_reset":
      return {
        subject: `Set a new password for ${appName}`,
        preview: `${letter.code} is your code for a new password`,
        code: letter.code,
        heading: "Set a new password",
        lead: "Your password stays as it is until you set another.",
        button: { label: "Set a new password", url: `${origin}/l/reset/${letter.token}` },
        text: linkAndCode(facts, lifetimes.magicLink),
        hint: asked(letter),
      };
    case "step_up":
      return {
        subject: `Is it you? ${appName}`,
        preview: `${letter.code} shows that it is you`,
        code: letter.code,
        heading: "Show that it is you",
        lead: "You are about to change something about your account.",
        button: { label: "It is me", url: `${origin}/l/confirm/${letter.token}` },
        text: linkAndCode(facts, lifetimes.emailCode),
        hint: asked(letter, "If this wasn’t you, sign out all other devices in your account."),
      };
    case "password_chosen":
      return {
        subject: letter.first
          ? `A password was set for ${appName}`
          : `Your ${appName} password was changed`,
        preview: `From ${letter.browser}`,
        heading: letter.first ? "A password was set" : "Your password was changed",
        lead: "All other devices were signed out, and links and codes on their way are void.",
        hint: done(letter, `${origin}/password`),
      };
    case "password_removed":
      return {
        subject: `Your ${appName} password was removed`,
        preview: `From ${letter.browser}`,
        heading: "Your password was removed",
        lead: "Use one of your other sign-in methods from now on.",
        hint: done(letter, `${origin}/password`),
      };
    case "provider_connected": {
      const { name } = oauthProviders[letter.provider];
      return {
        subject: `${name} now opens your ${appName} account`,
        preview: `From ${letter.browser}`,
        heading: `${name} was connected`,
        lead: letter.address
          ? `You can sign in with ${name} from now on, as ${letter.address}.`
          : `You can sign in with ${name} from now on.`,
        hint: done(letter, `${origin}/account/methods`, "disconnect it now"),
      };
    }
    case "provider_disconnected": {
      const { name } = oauthProviders[letter.provider];
      return {
        subject: `${name} no longer opens your ${appName} account`,
        preview: `From ${letter.browser}`,
        heading: `${name} was disconnected`,
        lead: "Use one of your other sign-in methods from now on.",
        hint: done(letter, `${origin}/account/methods`, "look at your ways in now"),
      };
    }
  }
}

const linkAndCode = (facts: LetterFacts, link: Duration) =>
  `The link works once, for ${until(facts, link)}. The code works for ${until(facts, facts.lifetimes.emailCode)}, in the browser that asked.`;

const until = ({ now }: LetterFacts, length: Duration) =>
  `${exactly(length)} (until ${clockTime(new Date(now.getTime() + length * 1000))})`;

const asked = (
  { browser, askedAt }: { browser: string; askedAt: string },
  otherwise = "If this wasn’t you, ignore this email.",
) => `Asked for from ${browser} on ${clockTime(new Date(askedAt))}. ${otherwise}`;

const done = (
  { browser, at }: { browser: string; at: string },
  where: string,
  remedy = "set a new password now",
) => `Done from ${browser} on ${clockTime(new Date(at))}. If this wasn’t you, ${remedy}: ${where}`;

const clockTime = (at: Date) =>
  `${at.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" })} UTC`;
