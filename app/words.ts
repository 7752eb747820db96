import { type Duration, exactly } from "@/lib/core/duration";
import { isOAuthProvider, oauthProviders } from "@/lib/core/oauth-providers";

/** Everything the pages say, in one place, ready for a second language. Refusals are in `lib/core/errors.ts`. */

const count = (n: number, one: string, other: string) =>
  `${n} ${new Intl.PluralRules("en").select(n) === "one" ? one : other}`;

const list = (names: readonly string[], type: "conjunction" | "disjunction") =>
  new Intl.ListFormat("en", { type }).format(names);

export const words = {
  errorTitle: (title: string) => `Error: ${title}`,
  title: (title: string, appName: string) => `${title} · ${appName}`,
  reference: "Reference",

  email: "Email",
  askForLink: "Email me a sign-in link",
  usePassword: "Use a password",
  keep: "Keep me signed in",
  or: "or",
  lastUsed: "Last used",
  continueWith: (name: string) => `Continue with ${name}`,
  inAppBrowser: {
    lead: "Google lets nobody sign in inside another app’s browser.",
    useCode: "Ask for a link and use its code here, or open this page in your own browser.",
    leave: "Open this page in your own browser.",
  },
  localMailbox: "This server runs on your machine, so its mail stays here:",
  openMailbox: "open the mailbox",

  signIn: {
    title: (appName: string) => `Sign in to ${appName}`,
    lead: {
      open: "New here? The same steps create your account.",
      closed: "Use the address you were invited with.",
    },
    passwordOnly: "Type your address, then your password.",
    signUp: "Or sign up with a password",
  },

  passwordPage: {
    title: "Sign in with a password",
    submit: "Sign in",
    linkInstead: "Email me a link instead",
    reset: "Set a new password",
    signUp: "Sign up",
  },

  signUp: {
    title: (appName: string) => `Sign up to ${appName}`,
    lead: "We mail you a code; with it your account is ready.",
    submit: "Sign up",
    signIn: "Sign in instead",
    closedTitle: "Sign-up is closed",
  },

  verify: {
    title: "Check your email",
    sent: { before: "If ", after: " can sign up here, a 6-digit code is on the way." },
    lifetime: (code: Duration) => `It works for ${exactly(code)}, in this browser.`,
    codeHint: "From the mail.",
    submit: "Finish signing up",
  },

  reset: {
    title: "Set a new password",
    lead: "We mail you a link and a code. Your password stays as it is until you set another.",
    submit: "Email me a link",
    back: "Back to sign-in",
    sent: {
      before: "If ",
      after: " has an account here, a link and a 6-digit code are on the way.",
    },
    useCode: "Open the link from the mail, or type its code here together with a new password.",
    save: "Set password and sign in",
    ends: "All other devices will be signed out.",
    of: "For",
  },

  prove: {
    title: "Is it you?",
    lead: "Before this can be changed, show once more that it is you.",
    titleTo: (what: string) => `Confirm it’s you to ${what}`,
    leadTo: "Nothing is changed until you have shown that it is you.",
    leadToPage: (what: string) => `Before you can ${what}, show once more that it is you.`,
    /** What was interrupted; `name` is the provider it is about. */
    interrupted: {
      "password.set": () => "set your password",
      "password.remove": () => "remove your password",
      "oauth.start_linking": (name: string) => `connect ${name}`,
      "auth_provider.link": (name: string) => `connect ${name}`,
      "auth_provider.confirm": (name: string) => `keep ${name}`,
      "auth_provider.unlink": (name: string) => `disconnect ${name}`,
    },
    /** What a page is for that asks before it shows its form. */
    pages: { "/account/password": "set your password" } as Record<string, string>,
    aProvider: "a provider",
    cancel: "Cancel",
    lostTitle: "Nothing waits here any more",
    lost: "What you began here was finished or cancelled, took longer than ten minutes, or something else was begun since. To do it now, begin again.",
    begin: "Back to where it began",
    submit: "Continue",
    submitCode: "Continue with the code",
    mail: "Email me a link and a code",
    mailLead: { also: "Or by mail to", only: "By mail to" },
    press: "It is me",
    pressLead: "You asked for this link to change something about the account of",
    deadTitle: "This link can’t be used",
    dead: "It works once, for ten minutes, in the browser where you asked for it.",
    again: "Ask for another",
    notYou: "Not you?",
    signOut: "Sign out instead",
  },

  password: {
    label: "Password",
    newLabel: "New password",
    again: "New password again",
    hint: (least: number) =>
      `At least ${count(least, "character", "characters")}; a few words do well.`,
    /** The button says the first; the second is for those who hear it alone. */
    show: "Show",
    what: "password",
    /** By how many characters are still missing. */
    more: { one: "{left} more character.", other: "{left} more characters." },
    enough: "Long enough.",
    strong: "Strong length.",
  },

  notes: {
    session_ended: "You were signed out here. Sign in to go on.",
    cookies_blocked:
      "Your browser refused our cookie, and signing in needs it. Allow cookies for this site, then ask again.",
    signed_out: "You are signed out.",
    request_cancelled: "The request is cancelled. Its link and code no longer work.",
    others_signed_out: "You are signed out everywhere else.",
    session_signed_out: "That device is signed out.",
    password_set: "Your password is set. All other devices are signed out.",
    password_removed: "Your password is removed.",
    provider_cancelled: "You left {provider} without signing in. Nothing was changed.",
    provider_connected: "{provider} is connected. You can sign in with it from now on.",
    provider_already_linked: "{provider} was connected already. Nothing was changed.",
    provider_confirmed: "{provider} stays connected, and opens your account again.",
    provider_disconnected: "{provider} is disconnected.",
    sign_up_pending: "Type the code we mailed you, and your account is ready.",
    signed_out_meanwhile: "You were signed out; nothing was changed. Sign in to go on.",
    suspended_action_cancelled: "Cancelled. Nothing was changed.",
    suspended_action_lost:
      "What you began was not carried out: it no longer waited for you. Nothing was changed; you can do it again now.",
    step_up_requested:
      "A mail is on the way. Type its code here, or press its link in this browser.",
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

  leaving: {
    title: "One moment",
    to: (name: string) => `On to ${name}`,
    link: (name: string) => `Continue to ${name}`,
  },

  connect: {
    short: "Connect",
    first: "Sign in first",
    why: (name: string) =>
      `has an account here. Sign in the way you did before; then ${name} is connected with one press.`,
    whyOwned: (name: string) =>
      `This ${name} account waits for you to say that it is yours. Sign in the way you did before; then it is connected with one press.`,
    otherWays: "Other ways to sign in",
    title: (name: string) => `Connect ${name}?`,
    lead: (name: string) => `You can then sign in to this account with ${name}.`,
    at: (name: string) => `At ${name}`,
    here: "Your account here",
    noAddress: "no address",
    waiting: (name: string) => `You came back from ${name}, and it is not connected yet.`,
    submit: (name: string) => `Connect ${name}`,
    notNow: "Not now",
  },

  switching: {
    title: "Switch account?",
    signedInAs: "You are signed in as",
    came: (name: string) => `You came back from ${name}`,
    as: "as",
    notConnected: ", which does not open this account.",
    lead: {
      only: "Switching signs you out here.",
      mayMake: "Switching signs you out here. If that address has no account yet, it gets one.",
    },
    submit: "Switch account",
    stay: "Stay signed in",
    connectInstead: (name: string) =>
      `To open this account with ${name}, connect it among your sign-in methods.`,
  },

  disconnect: {
    short: "Disconnect",
    title: (name: string) => `Disconnect ${name}?`,
    lead: (name: string, address: string | null) =>
      `You will no longer be able to sign in with ${name}${address ? ` as ${address}` : ""}. Your devices stay signed in.`,
    submit: (name: string) => `Disconnect ${name}`,
  },

  questioned: {
    title: (names: readonly string[]) => `Keep or disconnect ${list(names, "disjunction")}`,
    lead: (names: readonly string[]) =>
      names.length === 1
        ? `${names[0]} was connected before you showed that this address is yours, and opens nothing for now. Keep it if you connected it yourself; otherwise disconnect it.`
        : `${list(names, "conjunction")} were connected before you showed that this address is yours, and open nothing for now. Keep what you connected yourself, and disconnect the rest.`,
    devices: "All other devices were signed out.",
    devicesAndPassword:
      "All other devices were signed out, and any password set before was removed.",
    state: "waits for you to keep it",
    keep: "Keep",
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
    alwaysOn: "Always on",
    switchedOff: "Switched off here",
    lastWayIn: "The last way in",
    connect: "Connect",
    disconnect: "Disconnect",
    notConnected: "not connected",
    notSet: "not set",
    notUsed: "not used yet",
    setPassword: "Set a password",
    changePassword: "Change",
    removePassword: "Remove",
    passwordLead: (others: number) =>
      others === 0
        ? "No other device is signed in."
        : `${count(others, "other device", "other devices")} will be signed out.`,
    savePassword: "Set password",
    removePasswordTitle: "Remove your password?",
    removePasswordLead:
      "From then on you sign in with one of your other sign-in methods. Your devices stay signed in.",
    removePasswordSubmit: "Remove password",
    providers: {
      magic_link: "Email link",
      email: "Password",
      google: oauthProviders.google.name,
      linkedin: oauthProviders.linkedin.name,
    } as Record<string, string>,
    sessions: "Sessions",
    sessionsLead: "Devices that are signed in to your account.",
    thisDevice: "This device",
    /** Ways of ours are words within a sentence, providers keep their names. */
    signedInWith: (method: string, name: string) =>
      `signed in with ${isOAuthProvider(method) ? name : name.toLowerCase()}`,
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
      no_account: "no account has this address",
      no_attempt: "nobody is signing up with it in that browser",
      too_late: "it could not leave while it was of use",
      refused: "the mail server refused it",
    } as Record<string, string>,
    kinds: {
      magic_link: "Sign-in mail",
      sign_up_link: "Sign-in mail for a new address",
      sign_up_code: "Sign-up code",
      already_signed_up: "Sign-in mail for an address that signed up again",
      password_reset: "Mail for a new password",
      step_up: "Mail to show that it is you",
      password_chosen: "Notice of a new password",
      password_removed: "Notice of a removed password",
      provider_connected: "Notice of a connected provider",
      provider_disconnected: "Notice of a disconnected provider",
    } as Record<string, string>,
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
