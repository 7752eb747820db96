import { type Duration, exactly } from "@/lib/duration";

/** Everything the pages say, in one place, ready for a second language. Refusals are in `lib/refusals.ts`. */

const count = (n: number, one: string, other: string) =>
  `${n} ${new Intl.PluralRules("en").select(n) === "one" ? one : other}`;

export const words = {
  errorTitle: (title: string) => `Error: ${title}`,
  title: (title: string, appName: string) => `${title} · ${appName}`,
  reference: "Reference",

  email: "Email",
  askForLink: "Email me a sign-in link",
  keep: "Keep me signed in",
  localMailbox: "This server runs on your machine, so its mail stays here:",
  openMailbox: "open the mailbox",

  signIn: {
    title: (appName: string) => `Sign in to ${appName}`,
    lead: {
      open: "New here? The same steps create your account.",
      closed: "Use the address you were invited with.",
    },
  },

  notes: {
    session_ended: "You were signed out here. Sign in to go on.",
    cookies_blocked:
      "Your browser refused our cookie, and signing in needs it. Allow cookies for this site, then ask again.",
    signed_out: "You are signed out.",
    request_cancelled: "The request is cancelled. Its link and code no longer work.",
    others_signed_out: "You are signed out everywhere else.",
    session_signed_out: "That device is signed out.",
    limits_cleared: "All limits start anew.",
  },

  check: {
    title: "Check your email",
    sent: { before: "If ", after: " can sign in here, a link and a 6-digit code are on the way." },
    lifetimes: (link: Duration, code: Duration) =>
      `The link works for ${exactly(link)}, the code for ${exactly(code)}.`,
    slow: "Mail is slow right now. Yours is in the queue and will be sent as soon as it can be.",
    changeAddress: "Change address",
    code: "Code",
    codeHint: "From the mail; it works in this browser.",
    submit: "Continue",
    resend: "Send it again",
    resendIn: "in {left}",
    nothing: "Nothing after a minute?",
    lookInSpam: "Look in spam, and check that the address above is right.",
    rule: (perHour: number) =>
      `At most ${count(perHour, "mail", "mails")} an hour ${perHour === 1 ? "goes" : "go"} to one address.`,
  },

  link: {
    title: (appName: string) => `Sign in to ${appName}?`,
    as: "You will be signed in as",
    asked: (browser: string) => `Asked for from ${browser},`,
    otherBrowser: "This link was asked for in another browser.",
    otherBrowserHelp: "Type the whole address to sign in here.",
    signedInAs: "You are signed in as",
    submit: "Sign in",
    switchAccount: "Switch account",
    stay: "Stay signed in",
    notYou: "Not you?",
    cancel: "Cancel this request",
    deadTitle: "This link can’t be used",
    dead: (lifetime: Duration) =>
      `Links work once, for ${exactly(lifetime)}. Some mail filters open them first.`,
    reopenTitle: "Open the link again",
    reopen:
      "For your safety its address is not kept here. Open it from the mail once more, or ask for a new one.",
    sendNew: "Send a new link",
  },

  problem: {
    title: "Sign-in problem",
    back: "Back to sign-in",
    nothing: "There is no problem to show.",
    support: "Write to",
  },

  account: {
    skip: "Skip to content",
    nav: "Your account",
    short: "Account",
    signOut: "Sign out",
    overview: "Your account",
    email: "Email",
    lastSignIn: "Last sign-in",
    devices: "Signed in on",
    deviceCount: (n: number) => count(n, "device", "devices"),
    methodCount: (n: number) => count(n, "way in", "ways in"),
    methods: "Sign-in methods",
    methodsLead: "The ways into your account, and when each was last used.",
    added: "added",
    lastUsed: "last used",
    lastWayIn: "Always on",
    providers: {
      magic_link: "Email link",
      email: "Password",
      google: "Google",
      linkedin: "LinkedIn",
    } as Record<string, string>,
    sessions: "Sessions",
    sessionsLead: "Devices that are signed in to your account.",
    thisDevice: "This device",
    signedInWith: (method: string) => `signed in with ${method.toLowerCase()}`,
    lastSeen: "last seen",
    unknownIp: "unknown address",
    signOutOthers: "Sign out everywhere else",
    confirmOthers: (n: number) =>
      n === 0
        ? "No other device is signed in."
        : `${count(n, "other device", "other devices")} will be signed out. This one stays.`,
    cancel: "Cancel",
  },

  mailbox: {
    title: "Mailbox",
    lead: "What this server would have mailed. It exists on this machine only.",
    reload: "Look again",
    empty: "No mail yet. Ask for a sign-in link first.",
    to: "to",
    withheld: "Withheld",
    withheldLead: "Asked for, but never sent. The person who asked was told the same as always.",
    noneWithheld: "Nothing was withheld.",
    reasons: {
      over_limit: "over the limit of mails to one address in an hour",
      no_account: "no account has this address, and sign-up is closed",
      too_late: "it could not leave while it was of use",
      refused: "the mail server refused it",
    } as Record<string, string>,
    kinds: { magic_link: "Sign-in mail", sign_up_link: "Sign-in mail for a new address" } as Record<
      string,
      string
    >,
    clearLimits: "Clear all limits",
    signIn: "Sign-in page",
  },

  notFound: {
    title: "Nothing here",
    lead: "This page does not exist, or is not yours to see.",
    back: "To the start",
  },
  failed: {
    title: "Something broke",
    lead: "The fault is ours, and it is in our log. Nothing was half done; go back and try again.",
    back: "To the start",
  },
  unavailable: { title: "Back in a moment", again: "Try again" },
} as const;
