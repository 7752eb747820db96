/**
 * Every sentence a person reads, in ICU MessageFormat. An entry is a whole sentence or a whole label;
 * no page puts one together from pieces. What stands in braces is filled in by code, what stands in
 * tags is marked up by the page. Apostrophes are typographic, because ICU escapes with the other one.
 */
export const en = {
  "page.title": "{title} · {appName}",
  "page.errorTitle": "Error: {title}",

  "common.email": "Email",
  "common.cancel": "Cancel",
  "common.backToMethods": "Back to your sign-in methods",
  "common.or": "or",
  "common.reference": "Reference: <code>{reference}</code>",
  "common.localMailbox":
    "This server runs on your machine, so its emails stay here: <link>open the mailbox</link>.",

  "signIn.title": "Sign in to {appName}",
  "signIn.lead.open": "New here? The same steps create your account.",
  "signIn.lead.openOrPassword":
    "New here? A sign-in link also creates your account, or <link>sign up with a password</link>.",
  "signIn.lead.openPassword": "New here? <link>Sign up with a password</link>.",
  "signIn.lead.closed": "Use the email address you were invited with.",
  "signIn.lead.passwordOnly": "Enter your email address, then your password.",
  "signIn.emailLink": "Email me a sign-in link",
  "signIn.usePassword": "Use a password",
  "signIn.aPassword": "a password",
  "signIn.keep": "Keep me signed in",
  "signIn.keepWith": "Keep me signed in with {providers}",
  "signIn.lastUsed": "Last used",
  "signIn.continueWith": "Continue with {provider}",
  "signIn.inAppBrowser.useCode":
    "{provider} sign-in doesn’t work inside other apps’ browsers. Request a link and use its code here, or open this page in your own browser.",
  "signIn.inAppBrowser.openElsewhere":
    "{provider} sign-in doesn’t work inside other apps’ browsers. Open this page in your own browser.",

  "signInWithPassword.title": "Sign in with a password",
  "signInWithPassword.submit": "Sign in",
  "signInWithPassword.emailLink": "Email me a link instead",
  "signInWithPassword.signUp": "Sign up",

  "signUp.title": "Sign up for {appName}",
  "signUp.lead": "We’ll email you a code to confirm your address.",
  "signUp.submit": "Sign up",
  "signUp.signIn": "Sign in instead",
  "signUp.closedTitle": "Sign-up is closed",

  "checkEmail.title": "Check your email",
  "checkEmail.sent.signIn":
    "If <email>{address}</email> can sign in here, a link and a {digits}-digit code are on their way.",
  "checkEmail.sent.signUp":
    "If <email>{address}</email> can sign up here, a {digits}-digit code is on its way.",
  "checkEmail.sent.passwordReset":
    "If <email>{address}</email> has an account here, a link and a {digits}-digit code are on their way.",
  "checkEmail.used.signIn":
    "The email to <email>{address}</email> has been used, so its link and code no longer work. If you used it on another device, you’re signed in there. To sign in here, request another one.",
  "checkEmail.used.signUp":
    "The code that we emailed to <email>{address}</email> has been used, and this sign-up is finished. <link>Sign in</link>",
  "checkEmail.used.passwordReset":
    "The email to <email>{address}</email> has been used to set a new password, so its link and code no longer work. If you did that on another device, <link>sign in</link> here with the new password.",
  "checkEmail.cancelled":
    "The request for <email>{address}</email> was cancelled, so its link and code no longer work. To sign in, request another email.",
  "checkEmail.lifetimes": "The link works for {link}, the code for {code}.",
  "checkEmail.codeLifetime": "It works for {code}, in this browser.",
  "checkEmail.changeAddress": "Change email address",
  "checkEmail.slow":
    "Email is slow right now. Yours is in the queue and will be sent as soon as possible.",
  "checkEmail.code": "Code",
  "checkEmail.codeHint": "Enter the code from the email. It works only in this browser.",
  "checkEmail.submit": "Continue",
  "checkEmail.finishSignUp": "Finish signing up",
  "checkEmail.resend": "Send again",
  "checkEmail.resendIn": "Send again in {left}",
  "checkEmail.notReceived": "Didn’t get it?",
  "checkEmail.spam": "Check your spam folder, and check that the address above is right.",
  "checkEmail.rule":
    "We send at most {count, plural, one {# email} other {# emails}} an hour to one address.",

  "passwordReset.forgot": "Forgot password?",
  "passwordReset.title": "Set a new password",
  "passwordReset.lead":
    "We’ll email you a link and a code. Your password stays the same until you set a new one.",
  "passwordReset.submit": "Email me a link",
  "passwordReset.back": "Back to sign-in",
  "passwordReset.useCode":
    "Open the link in the email, or enter its code here with a new password.",
  "passwordReset.requested": "For <email>{address}</email>. Requested from {device}, {when}.",
  "passwordReset.save": "Set password and sign in",
  "passwordReset.otherDevices": "All other devices will be signed out.",

  "password.label": "Password",
  "password.new": "New password",
  "password.repeat": "Repeat new password",
  "password.hint":
    "Use at least {minLength, plural, one {# character} other {# characters}}. A few words work well.",
  "password.show": "Show<object> password</object>",
  "password.missing":
    "{missing, plural, one {# more character needed.} other {# more characters needed.}}",
  "password.enough": "Long enough.",
  "password.strong": "Good length.",

  "link.title": "Sign in to {appName}?",
  "link.switchTitle": "Switch account?",
  "link.requested":
    "You’ll be signed in as <email>{address}</email>. Requested from {device}, {when}.",
  "link.requestedByOther":
    "You’re signed in as <email>{current}</email>. If you switch, you’ll be signed out and then signed in as <email>{address}</email>. Requested from {device}, {when}.",
  "link.otherBrowser": "This link was requested in another browser",
  "link.otherBrowserHelp": "Enter your full email address to continue.",
  "link.typeToSignIn":
    "Enter your full email address. You need it to sign in and to cancel the request.",
  "link.typeToSwitch":
    "Enter the email address that the link was sent to. You need it to switch and to cancel the request.",
  "link.submit": "Sign in",
  "link.switchAccount": "Switch account",
  "link.cancel": "Not you? <button>Cancel this request</button>",
  "link.invalidTitle": "This link can’t be used",
  "link.invalid":
    "It may be incomplete, or have expired, or been used or replaced. Links work once, for {lifetime}. Some email filters open links first.",
  "link.reopenTitle": "Open the link again",
  "link.reopen":
    "For your security, this page doesn’t store the link. Open it from the email again. If the email app opens it in a browser of its own, press and hold the link to copy it, and paste it into this browser’s address bar. Or request a new one.",
  "link.reopenOnly":
    "For your security, this page doesn’t store the link. Open it from the email again. If the email app opens it in a browser of its own, press and hold the link to copy it, and paste it into this browser’s address bar.",
  "link.enterCode": "You requested an email in this browser. <link>Enter its code</link>",
  "link.enterResetCode":
    "You requested an email to set a password in this browser. <link>Enter the code to set it</link>",
  "accessLink.title": "Open your account?",
  "accessLink.lead":
    "The {appName} team sent this link to <email>{address}</email> {when}, so that you can get into your account. It works once.",
  "accessLink.limits":
    "The account stays open in this browser for {lifetime}. Until you sign in yourself, you can’t change how you sign in.",
  "accessLink.help": "If you didn’t ask our team for this link, close this page.",
  "accessLink.signedInAs": "You are signed in as {address} and will be signed out.",
  "accessLink.submit": "Open my account",
  "accessLink.invalid":
    "It may have expired, been used, or been replaced by a newer one. Ask our team for another link.",
  "accessLink.bar":
    "This account was opened with a link from our team. You can look around and sign out other devices. To change how you sign in, sign in yourself.",
  "link.inAppBrowser":
    "This page is open inside another app. If you sign in here, you’re signed in inside that app only; to sign in to your own browser, open this page there first.",
  "link.sendNew": "Send a new link",

  "report.title": "Was this you?",
  "report.lead": "Someone signed in to <email>{address}</email>.",
  "report.device": "Device",
  "report.time": "Time",
  "report.ip": "IP address",
  "report.effects":
    "If it wasn’t you, tell us here. We’ll sign that device out and lock your sign-in methods for {lock}. Your other devices stay signed in.",
  "report.typeAddress": "Enter your full email address to continue.",
  "report.submit": "This wasn’t me",
  "report.wasMe": "If it was you, close this page. Nothing changes.",
  "reported.title": "Make your account safe",
  "reported.lead":
    "For {lock}, nobody can add, change or remove your sign-in methods. Do these steps now, in this order.",
  "reported.password": "Set a new password",
  "reported.passwordText":
    "This signs out every device, and works while your sign-in methods are locked. <link>Email me a link to set it</link>",
  "reported.sessions": "Check your sessions",
  "reported.sessionsText":
    "Sign in, then sign out every device you don’t recognise. <link>Open your sessions</link>",
  "reported.methods": "Check your connected accounts",
  "reported.methodsText":
    "Disconnect any account that you didn’t connect. To do it before the lock ends, unlock your sign-in methods on a device you used before. <link>Open your sign-in methods</link>",
  "reported.mailbox": "Check your mailbox",
  "reported.mailboxText":
    "Anyone who can read your email can sign in here. Change your email password, and check for forwarding rules and devices that aren’t yours.",

  "oauth.redirectTitle": "Continuing to {provider}",
  "oauth.redirectLink": "Continue to {provider}",

  "connect.title": "Connect {provider}?",
  "connect.lead": "You can then sign in to this account with {provider}.",
  "connect.providerAccount": "{provider} account",
  "connect.ownAccount": "Your account here",
  "connect.noAddress": "No email address",
  "connect.submit": "Connect {provider}",
  "connect.notNow": "Not now",
  "connect.pending":
    "You came back from {provider}, but it isn’t connected yet. <link>Connect {provider}</link>",
  "connect.signInFirst": "Sign in first",
  "connect.signInToConnect":
    "<email>{address}</email> has an account here. Sign in as you did before, then confirm that you want to connect {provider}.",
  "connect.signInToConfirm":
    "This {provider} account needs your confirmation. Sign in as you did before, then confirm that you want to connect it.",
  "connect.otherMethods": "Other sign-in methods",

  "switchAccount.title": "Switch account?",
  "switchAccount.cameBackAs":
    "You’re signed in as <email>{address}</email>. You came back from {provider} as <email>{other}</email>, which isn’t connected to this account.",
  "switchAccount.cameBack":
    "You’re signed in as <email>{address}</email>. The {provider} account you chose isn’t connected to this account.",
  "switchAccount.lead": "If you switch, you’ll be signed out of this account here.",
  "switchAccount.leadNew":
    "If you switch, you’ll be signed out of this account here. If the other address has no account yet, we’ll create one.",
  "switchAccount.againAs":
    "You were switched to the account of <email>{other}</email> at {provider}, but the response didn’t reach this browser. Press the button again to go on.",
  "switchAccount.again":
    "You were switched to the account of your {provider} sign-in, but the response didn’t reach this browser. Press the button again to go on.",
  "switchAccount.submit": "Switch account",
  "switchAccount.stay": "Stay signed in",
  "switchAccount.connectInstead":
    "To sign in to this account with {provider}, connect it in your sign-in methods.",

  "disconnect.title": "Disconnect {provider}?",
  "disconnect.lead":
    "You’ll no longer be able to sign in with {provider}. Your devices stay signed in.",
  "disconnect.leadAs":
    "You’ll no longer be able to sign in with {provider} as <email>{address}</email>. Your devices stay signed in.",
  "disconnect.submit": "Disconnect {provider}",

  "confirmProviders.title": "Keep or disconnect {providers}",
  "confirmProviders.lead":
    "{count, plural, one {{providers} was connected before you confirmed this email address, so you can’t sign in with it until you keep it. Do so if you connected it yourself; otherwise disconnect it.} other {{providers} were connected before you confirmed this email address, so you can’t sign in with them until you keep them. Keep the ones you connected yourself, and disconnect the rest.}}",
  "confirmProviders.devices": "All other devices were signed out.",
  "confirmProviders.devicesAndPassword":
    "All other devices were signed out, and any password set before was removed.",
  "confirmProviders.state": "Needs your confirmation",
  "confirmProviders.keep": "Keep<object> {provider}</object>",

  "problem.title": "Sign-in problem",
  "problem.none": "There is no problem to show.",
  "problem.support": "If you need help, email <link>{address}</link>.",
  "problem.tryAgain": "Try again with {provider}",
  "problem.otherMethod": "Use another sign-in method",
  "problem.back": "Back to sign-in",

  "account.skip": "Skip to content",
  "account.nav": "Your account",
  "account.navOverview": "Account",
  "account.signOut": "Sign out",
  "account.title": "Your account",
  "account.email": "Email",
  "account.lastSignIn": "Last sign-in",
  "account.methods": "Sign-in methods",
  "account.methodCount": "{count, plural, one {# sign-in method} other {# sign-in methods}}",
  "account.sessions": "Signed in on",
  "account.deviceCount": "{count, plural, one {# device} other {# devices}}",

  "profile.title": "Profile",
  "profile.name": "Name",
  "profile.nameHint": "What we call you. You can leave this empty.",
  "profile.noName": "Not set",
  "profile.timeZone": "Time zone",
  "profile.timeZoneHint": "Used for the times on these pages.",
  "profile.browserTimeZone": "Same as this browser ({timeZone})",
  "profile.otherTimeZones": "Other",
  "profile.save": "Save",

  "profile.changeEmail": "Change<object> email address</object>",

  "changeEmail.title": "Change your email address",
  "changeEmail.lead":
    "We’ll email a code to the new address. Your address stays <email>{address}</email> until you enter it.",
  "changeEmail.new": "New email address",
  "changeEmail.submit": "Send a code",
  "changeEmail.checkTitle": "Confirm your new address",
  "changeEmail.sent":
    "If <email>{address}</email> can be used here, a {digits}-digit code is on its way. It works for {lifetime}, in this browser.",
  "changeEmail.other": "Use another address",
  "changeEmail.confirm": "Change address",
  "changeEmail.undo":
    "We’ll email your old address a link to undo the change. It works for {lifetime}. During that time, nobody else can use that address here.",

  "undoEmail.title": "Go back to your old address?",
  "undoEmail.lead":
    "Your account will have <email>{address}</email> again, and all devices will be signed out. The address was changed from {device}, {when}.",
  "undoEmail.otherBrowser": "The change was made in another browser",
  "undoEmail.otherBrowserHelp": "Enter your full old email address to continue.",
  "undoEmail.submit": "Restore the old address",
  "undoEmail.invalid":
    "It may be incomplete, or have expired, or been used. Links that undo a change work once, for {lifetime}.",

  "confirmEmail.title": "Confirm your new email address",
  "confirmEmail.lead":
    "Our team was asked {when} to give a {appName} account the address <email>{address}</email>.",
  "confirmEmail.notice":
    "Your account gets it after {lifetime}, unless someone stops the change from the old address.",
  "confirmEmail.present": "Current email address of your account",
  "confirmEmail.presentHint": "The address whose mailbox you have lost.",
  "confirmEmail.codeHint": "Enter the code from the email that this link was in.",
  "confirmEmail.submit": "Confirm",
  "confirmEmail.help":
    "If you didn’t ask our team for this, close this page. Tell the code to no one: nobody from our team needs it.",
  "confirmEmail.invalid":
    "It may be incomplete, or have expired, or been used or replaced. These links work once, for {lifetime}. Ask our team for a new one.",
  "stopEmail.title": "Stop the change of your address?",
  "stopEmail.lead": "Your account keeps <email>{address}</email>. The change was confirmed {when}.",
  "stopEmail.otherBrowser": "Show that this is your address",
  "stopEmail.submit": "Stop the change",
  "stopEmail.invalid":
    "The change may have been stopped already, or have taken effect. Links that stop a change work once, for {lifetime}.",
  "scheduledEmail.title": "Your email address will change",
  "scheduledEmail.text":
    "Our team was asked to change your address to <email>{address}</email>. It takes effect on {when}. If you didn’t ask for it, stop it.",

  "deleteAccount.nav": "Delete account",
  "deleteAccount.title": "Delete your account",
  "deleteAccount.lead":
    "We’ll sign out all your devices. You then have {lifetime} to restore the account, by signing in or with the link we email you. After that, we erase:",
  "deleteAccount.goes.profile": "your name, email address, time zone and sign-in methods",
  "deleteAccount.goes.records":
    "your sessions, known devices, and our record of the emails we sent you",
  "deleteAccount.goes.activity":
    "the email addresses, IP addresses and browsers in our audit log. Its events stay, without your name.",
  "deleteAccount.free": "Then anyone who receives email at your address can sign up with it.",
  "deleteAccount.exportTitle": "Download your data first",
  "deleteAccount.export":
    "<link>Download everything we store about you</link> as a JSON file. We may ask you to confirm it’s you.",
  "deleteAccount.formTitle": "Confirm with your email address",
  "deleteAccount.emailHint": "Enter the email address of this account.",
  "deleteAccount.submit": "Delete account",

  "restoreAccount.title": "Restore your account?",
  "restoreAccount.lead":
    "You deleted the account of <email>{address}</email>. It will be erased on {when}. Until then you can restore it as it was.",
  "restoreAccount.submit": "Restore account",
  "restoreLink.lead":
    "The account of <email>{address}</email> was deleted from {device}, {when}. You can restore it as it was, and then sign in.",
  "restoreLink.otherBrowser": "It was deleted in another browser",
  "restoreLink.invalid":
    "It may be incomplete, or have been used, or the account is erased. Such links work once, for {lifetime}.",

  "methods.title": "Sign-in methods",
  "methods.lead": "How you can sign in to your account, and when you last used each method.",
  "methods.lockedTitle": "Your sign-in methods are locked",
  "methods.locked":
    "A sign-in to your account was reported, so nothing can be changed here until {until}. You can still set a new password <link>by email</link>.",
  "methods.lockedNoPassword":
    "A sign-in to your account was reported, so nothing can be changed here until {until}.",
  "methods.unlockElsewhere":
    "To unlock them sooner, sign in on a device that you used before that sign-in.",
  "methods.unlock": "Unlock",
  "methods.magicLink": "Email link",
  "methods.password": "Password",
  "methods.added": "Added {when}",
  "methods.lastUsed": "Last used {when}",
  "methods.notConnected": "Not connected",
  "methods.notSet": "Not set",
  "methods.notUsed": "Never used",
  "methods.alwaysAvailable": "Always available",
  "methods.disabled": "Disabled",
  "methods.only": "Your only method",
  "methods.connect": "Connect<object> {provider}</object>",
  "methods.disconnect": "Disconnect<object> {provider}</object>",
  "methods.setPassword": "Set a password",
  "methods.changePassword": "Change<object> password</object>",
  "methods.removePassword": "Remove<object> password</object>",

  "setPassword.title": "Set a new password",
  "setPassword.lead":
    "{others, plural, =0 {No other device is signed in.} one {# other device will be signed out.} other {# other devices will be signed out.}}",
  "setPassword.submit": "Set password",

  "removePassword.title": "Remove your password?",
  "removePassword.lead":
    "You’ll sign in with one of your other sign-in methods from now on. Your devices stay signed in.",
  "removePassword.submit": "Remove password",
  "removePassword.none": "Your account has no password.",

  "sessions.title": "Sessions",
  "sessions.lead": "Devices signed in to your account.",
  "sessions.thisDevice": "This device",
  "sessions.unknownIp": "Unknown IP address",
  "sessions.signedInWithLink": "Signed in by email, {when}",
  "sessions.signedInWithPassword": "Signed in with a password, {when}",
  "sessions.signedInWithProvider": "Signed in with {provider}, {when}",
  "sessions.openedWithAccessLink": "Opened with a link from our team, {when}",
  "sessions.lastSeen": "Last seen {when}",
  "sessions.signOut": "Sign out<object> {device}</object>",
  "sessions.back": "Back to sessions",
  "sessions.signOutOthers": "Sign out everywhere else",
  "sessions.signOutOthersLead":
    "{others, plural, =0 {No other device is signed in.} one {# other device will be signed out. This one stays signed in.} other {# other devices will be signed out. This one stays signed in.}}",

  "activity.title": "Activity",
  "activity.lead":
    "What happened in your account, newest first. If you don’t recognise something, <methods>change your password</methods> and <sessions>sign out everywhere else</sessions>.",
  "activity.filter": "Show",
  "activity.show.all": "All",
  "activity.show.sign_ins": "Sign-ins",
  "activity.show.changes": "Changes",
  "activity.show.refused": "Refused",
  "activity.refused": "Refused",
  "activity.none": "Nothing here yet.",
  "activity.older": "Show older",
  "activity.newest": "Back to the newest",
  "activity.download": "Download as JSON",
  "activity.report": "This wasn’t me<object>: {event}, {when}</object>",
  "activity.reportText":
    "{event} from {device}, {when}. If it wasn’t you, we’ll sign that device out and lock your sign-in methods for {lock}.",
  "activity.unknownDevice": "Unknown device",
  "activity.event.magic_link.request": "Email with a sign-in link requested",
  "activity.event.magic_link.redeem": "Sign-in by email link",
  "activity.event.magic_link.cancel": "Email link cancelled",
  "activity.event.email_code.redeem": "Sign-in by emailed code",
  "activity.event.sign_up.request": "Sign-up requested",
  "activity.event.sign_up.resend": "Another sign-up code requested",
  "activity.event.sign_up.verify": "Sign-up completed",
  "activity.event.password.sign_in": "Sign-in with password",
  "activity.event.password_reset.request": "Email to set a new password requested",
  "activity.event.password_reset.redeem": "New password set by email link",
  "activity.event.password_reset.redeem_code": "New password set by emailed code",
  "activity.event.oauth.start": "Sign-in at a provider started",
  "activity.event.oauth.complete": "Sign-in with a provider",
  "activity.event.oauth.switch_account": "Switch to another account",
  "activity.event.oauth.start_linking": "Connecting a provider started",
  "activity.event.session.revoke": "Device signed out",
  "activity.event.session.revoke_others": "All other devices signed out",
  "activity.event.session.sign_out": "Signed out",
  "activity.event.auth_provider.link": "Provider connected",
  "activity.event.auth_provider.confirm": "Provider kept",
  "activity.event.auth_provider.unlink": "Provider disconnected",
  "activity.event.sign_in_report.redeem": "Sign-in reported, sign-in methods locked",
  "activity.event.session.report": "Sign-in reported, sign-in methods locked",
  "activity.event.methods.unlock": "Sign-in methods unlocked",
  "activity.event.password.set": "Password set in the account",
  "activity.event.password.remove": "Password removed",
  "activity.event.setup.redeem": "First admin set up",
  "activity.event.invitation.send": "Invitation sent",
  "activity.event.invitation.cancel": "Invitation cancelled",
  "activity.event.pending_sign_up.resend": "Another sign-up code sent by our team",
  "activity.event.outbox.send_test": "Test email sent",
  "activity.event.user.revoke_sessions": "All devices signed out by our team",
  "activity.event.user.disable": "Account disabled by our team",
  "activity.event.user.enable": "Account enabled by our team",
  "activity.event.user.change_role": "Role changed by our team",
  "activity.event.access_link.issue": "Access link sent to you by our team",
  "activity.event.access_link.cancel": "Access link cancelled by our team",
  "activity.event.staff_email_change.start": "Change of the email address started by our team",
  "activity.event.staff_email_change.cancel": "Change of the email address cancelled by our team",
  "activity.event.staff_email_change.confirm": "New email address confirmed, to change later",
  "activity.event.staff_email_change.stop": "Change of the email address stopped",
  "activity.event.staff_email_change.stop_by_link":
    "Change of the email address stopped by email link",
  "activity.event.staff_email_change.apply": "Email address changed with the help of our team",
  "activity.event.access_link.redeem": "Account opened with an access link",
  "activity.event.step_up.request": "Email to confirm it’s you requested",
  "activity.event.step_up.password": "Confirmed it’s you with the password",
  "activity.event.step_up.code": "Confirmed it’s you with an emailed code",
  "activity.event.step_up.link": "Confirmed it’s you with an email link",
  "activity.event.profile.update": "Profile changed",
  "activity.event.email_change.request": "Code to change the email address requested",
  "activity.event.email_change.verify": "Email address changed",
  "activity.event.email_change.undo": "Change of the email address undone",
  "activity.event.account.export": "All data of the account downloaded",
  "activity.event.activity.export": "Activity downloaded",
  "activity.event.audit.export": "Audit log downloaded",
  "activity.event.account.delete": "Account deleted",
  "activity.event.account.restore": "Account restored",
  "activity.event.account.restore_by_link": "Account restored by email link",
  "activity.event.other": "Another event",

  "stepUp.title": "Confirm it’s you",
  "stepUp.title.setPassword": "Confirm it’s you to set your password",
  "stepUp.title.removePassword": "Confirm it’s you to remove your password",
  "stepUp.title.changeEmail": "Confirm it’s you to change your email address",
  "stepUp.title.deleteAccount": "Confirm it’s you to delete your account",
  "stepUp.title.connect": "Confirm it’s you to connect {provider}",
  "stepUp.title.keep": "Confirm it’s you to keep {provider}",
  "stepUp.title.unlock": "Confirm it’s you to unlock your sign-in methods",
  "stepUp.title.report": "Confirm it’s you to report a sign-in",
  "stepUp.title.staff": "Confirm it’s you to change this person’s account",
  "stepUp.title.invitation": "Confirm it’s you to change invitations",
  "stepUp.title.staffMail": "Confirm it’s you to send this email",
  "stepUp.title.disconnect": "Confirm it’s you to disconnect {provider}",
  "stepUp.lead": "Before you can change this, confirm it’s you.",
  "stepUp.lead.action": "Nothing changes until you confirm it’s you.",
  "stepUp.submit": "Continue",
  "stepUp.submitCode": "Continue with the code",
  "stepUp.emailTo": "We can send a link and a code to <email>{address}</email>.",
  "stepUp.email": "Email me a link and a code",
  "stepUp.expiredTitle": "There is nothing left to confirm",
  "stepUp.expired":
    "Your request was completed, cancelled or replaced, or took longer than {lifetime}. Start again to make the change.",
  "stepUp.startAgain": "Start again",
  "stepUp.linkLead": "You requested this link while signed in as <email>{address}</email>.",
  "stepUp.confirm": "Yes, it’s me",
  "stepUp.signOut": "Not you? <button>Sign out instead</button>",
  "stepUp.linkInvalid": "It works once, for {lifetime}, in the browser where you requested it.",
  "stepUp.requestAnother": "Request another link",

  "setup.title": "Set up the first admin",
  "setup.lead":
    "You’re signed in as <email>{address}</email>. The first admin can find and change every account, and make others admins.",
  "setup.submit": "Make me an admin",
  "setup.signIn": "Sign in or sign up, then open the link that the server printed again.",
  "setup.invalid":
    "It may have expired or been replaced: the server prints a new link at each start, until there is an admin. Afterwards, admins make others admins.",
  "setup.printed":
    "There is no admin. To become the first one, sign in, and open this link within {lifetime}: {url}",

  "staff.pill": "Staff",
  "staff.nav": "Staff pages",
  "staff.account": "Your account",
  "staff.role.member": "Member",
  "staff.role.support": "Support",
  "staff.role.admin": "Admin",
  "staff.disabled": "Disabled",
  "staff.reason": "Reason",
  "staff.reasonHint": "For the audit log. The person doesn’t see it.",
  "staff.about": "Account: <email>{address}</email>",

  "audit.title": "Audit log",
  "audit.user": "User",
  "audit.userHint":
    "Full email address or user ID. Finds what this person did and what was done to their account.",
  "audit.event": "Event",
  "audit.eventHint": "For example {example}.",
  "audit.from": "First day (UTC)",
  "audit.to": "Last day (UTC)",
  "audit.outcome": "Outcome",
  "audit.outcome.all": "All",
  "audit.outcome.ok": "Done",
  "audit.outcome.refused": "Refused",
  "audit.since": "Events since {when}. Choose days to see older ones.",
  "audit.none": "No events match.",
  "audit.about": "About {address}",
  "audit.byAccessLink": "With the help of {address}",
  "audit.typed": "Typed address: {address}",
  "audit.request": "Request {id}",
  "audit.clear": "Clear the search",
  "audit.download": "Download as JSON",
  "users.title": "Users",
  "users.search": "Email address or user ID",
  "users.searchHint": "The beginning of the address is enough.",
  "users.submit": "Search",
  "users.clear": "Show all users",
  "users.back": "Back to users",
  "users.status": "Status",
  "users.status.all": "All",
  "users.status.active": "Active",
  "users.status.disabled": "Disabled",
  "users.status.staff": "Staff",
  "users.method": "Sign-in method",
  "users.method.all": "Any method",
  "users.none": "No users match.",
  "users.created": "Created {when}",
  "users.open": "Open<object> {address}</object>",
  "users.more": "Show more",
  "users.first": "Back to the beginning",

  "user.status": "Status",
  "user.active": "Active",
  "user.disabledSince": "Disabled since {when}",
  "user.deletesOn": "Deleted by the owner; will be erased on {when}",
  "user.role": "Role",
  "user.verified": "Address verified",
  "user.notVerified": "Not yet",
  "user.created": "Created",
  "user.id": "User ID",
  "user.own": "This is your own account. Change it on your account pages.",
  "user.staffOnly": "Only an admin can change the account of a member of staff.",
  "user.noMethods": "Only the email link.",
  "user.methodUnusable": "Can’t be used",
  "user.noSessions": "Not signed in anywhere.",
  "user.letters": "Emails of the last {days, plural, one {day} other {# days}}",
  "user.noLetters": "No emails.",
  "user.letter.queued": "Waiting",
  "user.letter.sent": "Sent",
  "user.letter.dead": "Not sent",
  "user.letterTries":
    "{attempts, plural, =0 {Not tried yet} one {Tried once} other {Tried # times}}",
  "user.events": "Events",
  "user.by": "By {address}",
  "user.eventReason": "Reason: {reason}",
  "user.eventCause": "Cause: {cause}",
  "user.revokeSessions": "Sign out everywhere",
  "user.revokeSessionsTitle": "Sign this person out everywhere?",
  "user.revokeSessionsLead":
    "{count, plural, =0 {They’re not signed in anywhere now. Their known devices will be forgotten.} one {Their session will end, and their known devices will be forgotten. They can sign in again.} other {Their # sessions will end, and their known devices will be forgotten. They can sign in again.}}",
  "user.sendAccessLink": "Send access link",
  "user.accessLinkTitle": "Send a link that opens this account?",
  "user.accessLinkLead":
    "We’ll email it to this address, and nobody else sees it. It works once, for {lifetime}, and opens the account for {session}. It can’t change how the person signs in. First make sure that you’re talking to the owner.",
  "user.openAccessLinks": "Links that can still be used",
  "user.accessLinkSent": "Link sent {when}",
  "user.accessLinkEnds": "Works until {when}",
  "user.cancelAccessLink": "Cancel link",
  "user.byCommandLine": "Sent on the command line",
  "user.changeEmail": "Change address",
  "user.changeEmailTitle": "Change the address of this account?",
  "user.changeEmailLead":
    "For somebody who can’t read their mailbox any more. First make sure that you’re talking to the owner. We email a link and a code to the new address, which work for {lifetime}. Only the owner enters the code: don’t ask for it. Then the change can be stopped from the old address for {notice}.",
  "user.startEmailChange": "Send a code to the new address",
  "user.pendingEmailChange": "Pending new address",
  "user.emailChangeRequested": "Waiting for the code until {when}",
  "user.emailChangeScheduled": "Takes effect on {when}",
  "user.emailChangeByCommandLine": "Started on the command line",
  "user.cancelEmailChange": "Cancel the change",
  "user.disable": "Disable account",
  "user.disableTitle": "Disable this account?",
  "user.disableLead":
    "They’ll be signed out everywhere at once and can’t sign in until the account is enabled again. We’ll tell them by email.",
  "user.enable": "Enable account",
  "user.enableTitle": "Enable this account?",
  "user.enableLead": "They can sign in again. We’ll tell them by email.",
  "user.changeRole": "Change role",
  "user.changeRoleTitle": "Change this person’s role?",
  "user.changeRoleLead":
    "Support can find people, sign them out, and disable and enable the accounts of members. Admins can do this to everyone, and change roles. The person will be signed out everywhere, and told by email.",
  "user.makeRole": "{role, select, admin {Make admin} support {Make support} other {Make member}}",

  "pendingSignUps.title": "Pending sign-ups",
  "pendingSignUps.nav": "Sign-ups",
  "pendingSignUps.lead":
    "These people signed up with a password but haven’t entered the code we emailed them. A new code works only in the browser they signed up in.",
  "pendingSignUps.none": "Nobody is signing up right now.",
  "pendingSignUps.requested": "Requested {when}",
  "pendingSignUps.until": "Expires {when}",
  "pendingSignUps.tries":
    "{attempts, plural, =0 {No code entered} one {# wrong code} other {# wrong codes}}",
  "pendingSignUps.letter":
    "Email: {state, select, queued {waiting} sent {sent} dead {not sent} other {unknown}}",
  "pendingSignUps.resend": "Send a new code<object> to {address}</object>",

  "invitations.title": "Invitations",
  "invitations.lead":
    "An invited person can create an account by signing in with an email link, even while sign-up is closed. An invitation works for {lifetime}.",
  "invitations.submit": "Send an invitation",
  "invitations.open": "Open invitations",
  "invitations.none": "Nobody is invited right now.",
  "invitations.cancel": "Cancel<object> the invitation of {address}</object>",

  "mail.title": "Emails",
  "mail.waiting": "Waiting",
  "mail.queued":
    "{count, plural, =0 {No emails are waiting.} one {# email has been waiting for {duration}.} other {# emails are waiting, the oldest for {duration}.}}",
  "mail.next": "Next try {when}",
  "mail.dead": "Not sent in the last {days, plural, one {day} other {# days}}",
  "mail.noneDead": "Every email was sent.",
  "mail.test": "Send a test email",
  "mail.testLead": "Check that emails arrive: send one to <email>{address}</email>.",

  "system.title": "System",
  "system.version": "Version",
  "system.migrations": "Pending migrations",
  "system.noMigrations": "None",
  "system.checks": "Checks",
  "system.check.database": "Database",
  "system.check.migrations": "Migrations",
  "system.check.worker": "Background work",
  "system.check.mail": "Email",
  "system.check.limiter": "Limits",
  "system.check.disk": "Disk",
  "system.check.clock": "Clock",
  "system.status.pass": "Works",
  "system.status.warn": "Warning",
  "system.status.fail": "Fails",
  "system.says.database":
    "{status, select, pass {The database accepts writes.} other {The database doesn’t accept writes. The log says why.}}",
  "system.says.migrations":
    "{status, select, pass {The tables are those of this release.} other {The tables are of another release. Run the pending migrations, or the release that made them.}}",
  "system.says.worker":
    "{status, select, pass {Emails are sent and old rows are deleted.} other {Emails aren’t sent and old rows aren’t deleted: the work is stuck. Restart the server.}}",
  "system.says.mail":
    "{status, select, pass {No email waits for longer than it should.} other {Emails wait: the mail server is slow or refuses them, or the hourly budget is used up.}}",
  "system.says.limiter":
    "{status, select, pass {Limits are counted where they should be.} other {Redis isn’t available, so limits are counted in Postgres.}}",
  "system.says.disk":
    "{status, select, pass {There is enough space.} other {The disk of the embedded database is almost full.}}",
  "system.says.clock":
    "{status, select, pass {The clocks agree.} other {The clocks of the server and the database differ.}}",

  "mailbox.title": "Mailbox",
  "mailbox.lead":
    "Emails that this server would have sent. They exist only on this machine. <link>Refresh</link>",
  "mailbox.empty": "No emails yet. Request a sign-in link first.",
  "mailbox.to": "To <email>{address}</email>, {when}",
  "mailbox.frame": "Email: {subject}",
  "mailbox.html": "Show with formatting",
  "mailbox.withheld": "Withheld",
  "mailbox.withheldLead":
    "Emails that were not sent, with the reason. The pages that caused them looked the same as always.",
  "mailbox.noneWithheld": "No emails were withheld.",
  "mailbox.clearLimits": "Clear all limits",
  "mailbox.signIn": "Sign-in page",
  "mailbox.reason.over_limit": "Over the hourly limit of emails to one address",
  "mailbox.reason.no_account": "No account has this address",
  "mailbox.reason.no_attempt": "No sign-up with this address is pending in that browser",
  "mailbox.reason.reserved": "Reserved for the account that had this address until lately",
  "mailbox.reason.too_late": "No longer needed, or not sent in time",
  "mailbox.reason.refused": "Refused by the mail server",
  "mailbox.reason.restored": "Queued before a backup was restored",
  "mailbox.kind.magic_link": "Sign-in email",
  "mailbox.kind.sign_up_link": "Sign-in email for a new address",
  "mailbox.kind.sign_up_code": "Sign-up code",
  "mailbox.kind.already_signed_up": "Sign-in email for an address that signed up again",
  "mailbox.kind.password_reset": "Email to set a new password",
  "mailbox.kind.step_up": "Email to confirm it’s you",
  "mailbox.kind.email_change_code": "Code to change to this address",
  "mailbox.kind.email_taken": "Notice that another account asked for this address",
  "mailbox.kind.email_changed": "Notice of a changed address, with a link that undoes it",
  "mailbox.kind.deletion_scheduled": "Notice of a deleted account, with a link that restores it",
  "mailbox.kind.former_account_deleted":
    "Notice of a deleted account, to an address that it had before",
  "mailbox.kind.new_device_sign_in": "Notice of a sign-in from a new device",
  "mailbox.kind.password_chosen": "Notice of a new password",
  "mailbox.kind.password_removed": "Notice of a removed password",
  "mailbox.kind.methods_locked": "Notice of locked sign-in methods",
  "mailbox.kind.methods_unlocked": "Notice of unlocked sign-in methods",
  "mailbox.kind.provider_connected": "Notice of a connected provider",
  "mailbox.kind.provider_disconnected": "Notice of a disconnected provider",
  "mailbox.kind.access_link": "Link from staff that opens an account",
  "mailbox.kind.staff_email_code": "Code to change to this address, sent by staff",
  "mailbox.kind.staff_email_scheduled":
    "Notice of a change of the address, with a link that stops it",
  "mailbox.kind.staff_email_changed": "Notice of a changed address, with a link that undoes it",
  "mailbox.kind.staff_email_ready": "Notice that an account has this address now",
  "mailbox.kind.staff_email_stopped": "Notice that an account does not get this address",
  "mailbox.kind.account_disabled": "Notice of a disabled account",
  "mailbox.kind.account_enabled": "Notice of an enabled account",
  "mailbox.kind.invitation": "Invitation",
  "mailbox.kind.test_email": "Test email",
  "mailbox.kind.role_changed": "Notice of a new role",

  "methodDisabled.title": "Use another sign-in method",
  "methodDisabled.text":
    "{method, select, magic_link {Signing in with an email link is switched off here. Use another way.} password {Signing in with a password is switched off here. Use another way.} other {Signing in with {provider} is switched off here. Use another way.}}",
  "methodDisabled.signIn": "Sign in",
  "methodDisabled.methods": "Your sign-in methods",

  "notFound.title": "Page not found",
  "notFound.lead": "This page doesn’t exist, or you can’t see it with this account.",
  "notFound.back": "Go to the start page",
  "failed.title": "Something went wrong",
  "failed.lead": "The problem is on our side, and we’ve recorded it. Go back and try again.",
  "failed.back": "Go to the start page",
  "failed.problem": "Something went wrong on our side. Try again.",
  "refused.title": "That didn’t work",
  "refused.back": "Back to the page",
  "return.title": "Back to {host}",
  "return.lead": "You are being sent back to where you came from.",
  "return.link": "Continue to {host}",
  "return.loopTitle": "We can’t get you back to {host}",
  "return.loopLead":
    "You are signed in here, but {host} doesn’t notice it and sent you back several times. Most likely a proxy in front of it doesn’t pass your cookies on to /check. Please tell the people who run {host}.",
  "return.retry": "Try again",
  "unavailable.title": "Back in a moment",
  "unavailable.retry": "Try again",

  "device.heading":
    "{known, select, browser {{browser}} system {A browser on {system}} both {{browser} on {system}} other {A browser}}",
  "device.sentence":
    "{known, select, browser {{browser}} system {a browser on {system}} both {{browser} on {system}} other {a browser}}",
  "time.justNow": "just now",

  "note.session_ended": "You were signed out here. Sign in to continue.",
  "note.signed_out": "You’re signed out.",
  "note.request_cancelled": "The request is cancelled. Its link and code no longer work.",
  "note.sign_in_reported":
    "That device is signed out, pending links and codes no longer work, and your sign-in methods are locked.",
  "note.sign_in_had_ended":
    "Your sign-in methods are locked, and pending links and codes no longer work. That sign-in has no session of its own any more, so look through your sessions.",
  "note.methods_unlocked": "Your sign-in methods are unlocked.",
  "note.others_signed_out": "You’re signed out everywhere else.",
  "note.session_signed_out": "That device is signed out.",
  "note.profile_saved": "Your profile is saved.",
  "note.email_changed": "Your email address is changed.",
  "note.email_restored":
    "The old address is restored, and all devices are signed out. Sign in, and check your sign-in methods.",
  "note.account_deleted":
    "Your account is deleted, and all devices are signed out. Until it is erased you can restore it, with the link in our email or by signing in.",
  "note.account_restored": "Your account is restored.",
  "note.password_set": "Your password is set. All other devices are signed out.",
  "note.password_removed": "Your password is removed.",
  "note.provider_cancelled": "You cancelled signing in with {provider}. Nothing was changed.",
  "note.provider_connected": "{provider} is connected. You can now sign in with it.",
  "note.provider_already_linked": "{provider} was already connected. Nothing was changed.",
  "note.provider_confirmed": "{provider} stays connected. You can sign in with it again.",
  "note.provider_disconnected": "{provider} is disconnected.",
  "note.sign_up_pending": "Enter the code we emailed you to finish signing up.",
  "note.signed_out_meanwhile": "You were signed out, so nothing was changed. Sign in to continue.",
  "note.already_signed_in": "You’re already signed in, so nothing was changed.",
  "note.suspended_action_cancelled": "Cancelled. Nothing was changed.",
  "note.suspended_action_lost":
    "Your change was not made, because the request had expired or was replaced. You can make it again now.",
  "note.step_up_requested":
    "An email is on its way. Enter its code here, or open its link in this browser.",
  "note.setup_done": "You’re an admin now. Sign in to continue.",
  "note.sign_up_code_sent": "A new code is on its way.",
  "note.invitation_sent": "The invitation is on its way.",
  "note.invitation_cancelled": "The invitation is cancelled.",
  "note.test_email_queued":
    "The test email is on its way. If it doesn’t arrive, look at this list.",
  "note.user_sessions_revoked": "The person is signed out everywhere.",
  "note.user_disabled": "The account is disabled, and all its sessions have ended.",
  "note.user_enabled": "The account is enabled.",
  "note.user_role_changed": "The role is changed. The person is signed out everywhere.",
  "note.access_link_sent": "The link is on its way to the person.",
  "note.access_link_cancelled": "The link can’t be used any more.",
  "note.email_change_started": "The code is on its way to the new address.",
  "note.email_change_cancelled": "The change is cancelled. The account keeps its address.",
  "note.email_change_confirmed":
    "Your new address is confirmed. We’ll email it when your account has it. Until then, sign in as before.",
  "note.email_change_stopped": "The change is stopped. Your account keeps its address.",
  "note.limits_cleared": "All limits were cleared.",

  "error.invalid_input": "We couldn’t process this request. Reload the page and try again.",
  "error.unsupported_media_type": "Send JSON, with Content-Type: application/json.",
  "error.body_too_large": "The request is too large.",
  "error.method_not_allowed": "Method not allowed.",
  "error.misdirected_request": "This server is only reachable at {origin}.",
  "error.redirect_loop":
    "This site can’t be opened at the moment, because a proxy in front of it is set up differently than it expects. The log of the server says what to change.",
  "error.form_outdated":
    "This page was out of date, so nothing was changed. Check what you entered, and send it again.",
  "error.name_invalid": "A name can’t contain line breaks or invisible control characters.",
  "error.name_too_long":
    "That name is too long. Use at most {longestName, plural, one {# character} other {# characters}}.",
  "error.time_zone_invalid": "Choose a time zone from the list.",
  "error.email_missing": "Enter your email address.",
  "error.email_invalid":
    "{problem, select, invisible {This address contains a character that you can’t see, which often happens when it is pasted. Type the address instead.} several {Enter one email address, with one @.} space {An email address can’t contain spaces.} length {This email address is too long. It can have {longest} characters, and {longestLocal} before the @.} dots {An email address can’t have two dots in a row, or a dot at the beginning, at the end or next to the @.} letters {Before the @, use only letters from a to z without accents, digits, and signs such as . - _ +.} signs {The part before the @ contains a sign that we don’t support.} domain {The part after the @ isn’t a domain that can receive email. Check how it is spelled.} other {Enter an email address in the form name@example.com.}}",
  "error.email_unchanged": "Your account has this address.",
  "error.email_reserved":
    "That was the address of your account before. To go back to it, use the link in the email that we sent there.",
  "error.email_in_use":
    "That address has an account of its own by now, so yours keeps the address it has.",
  "error.undo_too_late": "This change can’t be undone any more.",
  "error.email_incorrect": "That isn’t the email address of this account.",
  "error.account_deleted": "This account is deleted. Restore it first.",
  "error.code_malformed": "Enter the {digits}-digit code from the email.",
  "error.code_invalid": "That code is wrong or has expired. Check your latest email.",
  "error.too_many_attempts":
    "{field, select, code {{next, select, link {Too many wrong codes. Use the link in the same email, or request a new email.} linkOrWait {Too many wrong codes for this address. Use the link in the same email, or enter a code in {wait}.} wait {Too many wrong codes for this address. Try again in {wait}.} other {Too many wrong codes. Request a new email.}}} password {{attempts, select, network {{links, select, on {Too many wrong passwords from your network, by you or by others who share it. Try again in {wait}, or request a sign-in link, which works now.} other {Too many wrong passwords from your network, by you or by others who share it. Try again in {wait}.}}} other {{links, select, on {Too many wrong passwords. Try again in {wait}, or request a sign-in link, which works now.} other {Too many wrong passwords. Try again in {wait}.}}}}} other {Too many attempts. Try again in {wait}, or sign out and sign in again.}}",
  "error.password_missing": "Enter a password.",
  "error.password_too_short":
    "That password is too short. Use at least {minLength, plural, one {# character} other {# characters}}; a few words work well.",
  "error.password_too_long":
    "That password is too long. Use at most {most, plural, one {# character} other {# characters}}.",
  "error.passwords_do_not_match": "The passwords don’t match.",
  "error.password_common":
    "That password is easy to guess. Choose another one; a few unrelated words work well.",
  "error.password_personal":
    "That password contains your email address or this site’s name. Choose one that isn’t based on your name or email.",
  "error.password_breached":
    "That password is in a published list of stolen passwords, so others may try it. Choose another one.",
  "error.password_incorrect": "That password is wrong.",
  "error.invalid_credentials":
    "{links, select, on {That email and password don’t match. Try again, or request a sign-in link.} other {That email and password don’t match. Try again, or set a new password.}}",
  "error.sign_up_pending": "Enter the code we emailed you to finish signing up.",
  "error.already_signed_up":
    "This address has an account now. Sign in to it, or set a new password.",
  "error.step_up_required": "Confirm it’s you to continue.",
  "error.provider_cancelled": "You cancelled signing in with {provider}. Nothing was changed.",
  "error.oauth_state_invalid":
    "Signing in with {provider} took too long, was completed before, or was started in another browser. Nothing was changed. Start again.",
  "error.provider_unavailable":
    "{provider} isn’t responding. Use another sign-in method, or try again in {wait}.",
  "error.provider_failed":
    "{provider} sent a response we couldn’t verify, so nothing was changed. Try again, or use another sign-in method.",
  "error.provider_email_unverified":
    "{links, select, on {{provider} hasn’t verified your email address, so we didn’t use it. Use another sign-in method, such as an email link, or verify your address with {provider} first.} other {{provider} hasn’t verified your email address, so we didn’t use it. Use another sign-in method, or verify your address with {provider} first.}}",
  "error.identity_already_in_use":
    "That {provider} account is already connected to another account. Nothing was changed.",
  "error.provider_already_linked":
    "Another {provider} account is connected to your account. Disconnect it first.",
  "error.session_changed":
    "You were signed out, or signed in again, before you came back from {provider}. Nothing was connected. Connect it again from your sign-in methods.",
  "error.last_sign_in_method": "This is your only sign-in method. Add another one first.",
  "error.methods_locked":
    "Your sign-in methods are locked, because someone reported a sign-in. Nothing was changed.",
  "error.unknown_device":
    "Use a device where you signed in before the sign-in that was reported. Your sign-in methods stay locked.",
  "error.overloaded": "We’re very busy right now. Try again in {wait}.",
  "error.link_invalid":
    "This link can’t be used. It may be incomplete, or have expired, or been used or replaced. Some email filters open links first.",
  "error.email_mismatch":
    "That isn’t the address this link was sent to. Enter your full email address.",
  "error.sign_up_closed": "New accounts are by invitation only. Ask the person who invited you.",
  "error.reason_missing": "Enter a reason.",
  "error.reason_too_long": "Use at most {reasonLength} characters.",
  "error.has_account": "This address belongs to an account here.",
  "error.own_account": "You can’t do this to your own account. Ask another member of staff.",
  "error.deletion_scheduled":
    "The owner has deleted this account. Only the owner can restore it: by signing in, or by the link in the email about it.",
  "error.staff_account": "Only an admin can do this to a member of staff.",
  "error.last_admin": "This is the last admin. Make someone else an admin first.",
  "error.email_unverified":
    "The address of this account isn’t verified. The person has to sign in with an email link or a code first.",
  "error.already_done": "There was nothing left to do, so nothing was changed.",
  "error.access_link_session":
    "This account was opened with a link from our team, so nothing was changed. Sign in yourself to do this.",
  "error.account_disabled":
    "This account is disabled. Contact support if you think this is a mistake.",
  "error.signed_in_as_other": "You’re now signed in as {address}, so nothing was changed.",
  "error.sign_in_required": "Sign in to continue.",
  "error.not_found": "Page not found.",
  "error.cross_site":
    "This request came from another site, so nothing was changed. Start from our page.",
  "error.cookies_blocked":
    "Your browser sent us no cookie, and you can’t sign in without one. Nothing was used or changed. Allow cookies for this site, then try again.",
  "error.resend_too_soon":
    "An email was requested just now. You can request another one in {wait}.",
  "error.too_many_requests":
    "{counted, select, networkEmails {{elsewhere, select, yes {Too many emails were requested from your network, by you or by others who share it. Try again in {wait}, or sign in with {otherMethods}, which needs no email.} other {Too many emails were requested from your network, by you or by others who share it. Try again in {wait}.}}} deviceEmails {{elsewhere, select, yes {You requested too many emails in this browser. Try again in {wait}, or sign in with {otherMethods}, which needs no email.} other {You requested too many emails in this browser. Try again in {wait}.}}} network {Too many attempts from your network, by you or by others who share it. Try again in {wait}.} other {Too many requests. Try again in {wait}.}}",
  "error.unavailable":
    "This service is temporarily unavailable. Nothing is lost. Try again in a few seconds.",

  "fallback.account": "someone else",
  "fallback.origin": "another address",

  "email.code": "Your code is <code>{number}</code>",
  "email.openLink": "Or open this link: {url}",
  "email.support": "Questions? Email {address}.",
  "email.requested": "Requested from {device} on {at}. If this wasn’t you, ignore this email.",
  "email.linkAndCode":
    "The link works once, for {linkLifetime} (until {linkEnd}). The code works for {codeLifetime} (until {codeEnd}), in the browser that requested it.",
  "email.linkOnly": "The link works once, for {lifetime} (until {end}).",
  "email.changedFrom": "From {device}",
  "email.changed.setPassword":
    "This was done from {device} on {at}. If it wasn’t you, set a new password now: {url}",
  "email.changed.disconnect":
    "This was done from {device} on {at}. If it wasn’t you, disconnect {provider} now: {url}",
  "email.changed.reviewMethods":
    "This was done from {device} on {at}. If it wasn’t you, review your sign-in methods now: {url}",

  "email.signIn.subject": "{code} is your code to sign in to {appName}",
  "email.signIn.heading": "Sign in to {appName}",
  "email.signIn.preview": "{code} is your code for {appName}",
  "email.signIn.newAccount": "There is no account for this address yet. Signing in creates one.",
  "email.signUp.subject": "{code} is your {appName} code",
  "email.signUp.preview": "{code} is your code to finish signing up for {appName}",
  "email.signUp.heading": "Finish signing up for {appName}",
  "email.signUp.text":
    "Enter the code in the browser where you signed up. It works for {lifetime} (until {end}).",
  "email.signUp.requested":
    "Requested from {device} on {at}. If this wasn’t you, ignore this email. Without the code, no account is created for your address.",
  "email.alreadySignedUp.subject": "You already have an account at {appName} ({at})",
  "email.alreadySignedUp.preview": "Someone tried to sign up with your address",
  "email.alreadySignedUp.heading": "You already have an account",
  "email.alreadySignedUp.link":
    "Someone (maybe you) tried to sign up with this address, which already has an account. Use this link to sign in to it.",
  "email.alreadySignedUp.password":
    "Someone (maybe you) tried to sign up with this address, which already has an account. Sign in to it with its password, or set a new one from the sign-in page.",
  "email.passwordReset.subject": "{code} is your code to set a new password for {appName}",
  "email.passwordReset.preview": "{code} is your code to set a new password",
  "email.passwordReset.heading": "Set a new password",
  "email.passwordReset.lead": "Your password stays the same until you set a new one.",
  "email.stepUp.subject": "{code} is your code to confirm it’s you at {appName}",
  "email.stepUp.preview": "{code} is your code to confirm it’s you",
  "email.stepUp.heading": "Confirm it’s you",
  "email.stepUp.lead": "You’re about to change something in your account.",
  "email.stepUp.button": "Yes, it’s me",
  "email.stepUp.requested":
    "Requested from {device} on {at}. If this wasn’t you, sign out all other devices in your account.",
  "email.emailChange.subject": "{code} is your code to use this address for {appName}",
  "email.emailChange.preview": "{code} is your code to confirm this address",
  "email.emailChange.heading": "Confirm your new email address",
  "email.emailChange.text":
    "Enter the code in the browser where you asked to change your address. It works for {lifetime} (until {end}).",
  "email.emailChange.requested":
    "Requested from {device} on {at}. If this wasn’t you, ignore this email. Without the code, nothing changes.",
  "email.emailTaken.subject": "Your address is already in use at {appName} ({at})",
  "email.emailTaken.preview": "Someone wants to use your address for another account",
  "email.emailTaken.heading": "Your address already has an account",
  "email.emailTaken.lead":
    "Someone (maybe you) wants to use this address for another account. It already has one, so nothing was changed. To use it there, change the address of this account first.",
  "email.emailChanged.subject": "The email address of your {appName} account was changed",
  "email.emailChanged.heading": "Your email address was changed",
  "email.emailChanged.lead":
    "Your account now has the address {address}. You can’t sign in with this one any more.",
  "email.emailChanged.button": "Undo the change",
  "email.emailChanged.undo":
    "If you didn’t change it, undo it. All devices will be signed out. The link works once, for {lifetime} (until {end}).",
  "email.emailChanged.done": "This was done from {device} on {at}.",
  "email.deletion.subject": "Your {appName} account was deleted",
  "email.deletion.heading": "Your account was deleted",
  "email.deletion.lead":
    "All devices were signed out. The account will be erased on {at}. Until then you can restore it.",
  "email.deletion.button": "Restore the account",
  "email.deletion.text":
    "You can also restore it by signing in. The link works once, for {lifetime} (until {end}).",
  "email.deletion.done":
    "This was done from {device} on {at}. If it wasn’t you, restore the account, sign in, and set a new password.",
  "email.formerAccountDeleted.lead":
    "The account that had this address until its address was changed was deleted.",
  "email.formerAccountDeleted.text":
    "If it wasn’t you, find our email about the changed address and undo the change with the link in it. That also restores your account.",
  "email.newDevice.subject": "New sign-in to {appName} ({at})",
  "email.newDevice.heading": "Your account was used on a new device",
  "email.newDevice.lead":
    "{known, select, ip {Someone signed in to your account from {device} on {at}. The IP address was {ip}.} other {Someone signed in to your account from {device} on {at}.}}",
  "email.newDevice.text":
    "“This wasn’t me” signs that device out, and locks your sign-in methods for {lock}. The link works once, for {lifetime}, and doesn’t sign you in.",
  "email.newDevice.hint": "If this was you, ignore this email.",
  "email.locked.subject": "Your {appName} sign-in methods are locked",
  "email.locked.heading": "Your sign-in methods are locked",
  "email.locked.lead":
    "A sign-in was reported in your account, so nobody can add, change or remove your sign-in methods for {lock}.",
  "email.unlocked.subject": "Your {appName} sign-in methods are unlocked",
  "email.unlocked.heading": "Your sign-in methods are unlocked",
  "email.unlocked.lead":
    "They were locked because a sign-in was reported. They can be changed again.",
  "email.passwordSet.subject": "A password was set for {appName}",
  "email.passwordSet.heading": "A password was set",
  "email.passwordChanged.subject": "Your {appName} password was changed",
  "email.passwordChanged.heading": "Your password was changed",
  "email.passwordChanged.lead":
    "All other devices were signed out, and any pending links and codes no longer work.",
  "email.passwordRemoved.subject": "Your {appName} password was removed",
  "email.passwordRemoved.heading": "Your password was removed",
  "email.otherMethods": "From now on, use one of your other sign-in methods.",
  "email.connected.subject": "{provider} is now connected to your {appName} account",
  "email.connected.heading": "{provider} was connected",
  "email.connected.lead": "You can now sign in with {provider}.",
  "email.connected.leadAs": "You can now sign in with {provider} as {address}.",
  "email.disconnected.subject": "{provider} is no longer connected to your {appName} account",
  "email.disconnected.heading": "{provider} was disconnected",
  "email.accessLink.subject": "Open your {appName} account",
  "email.accessLink.preview": "A link from our team, because you can’t sign in",
  "email.accessLink.heading": "Open your account",
  "email.accessLink.lead":
    "You told our team that you can’t sign in. This link opens your {appName} account for {session}, without a password.",
  "email.accessLink.button": "Open my account",
  "email.accessLink.text":
    "The link works once, until {end} ({lifetime}). You will be asked for your email address.",
  "email.accessLink.hint":
    "If you did not ask our team for help, don’t open it, and don’t send it to anyone. Nobody from our team needs it.",
  "email.staffEmailCode.lead":
    "Our team was asked to give a {appName} account this address, because its owner can’t read the old mailbox.",
  "email.staffEmailCode.button": "Enter the code",
  "email.staffEmailCode.text":
    "The code and the link work for {lifetime} (until {end}). You’ll be asked for the current address of the account.",
  "email.staffEmailCode.hint":
    "If you didn’t ask our team for this, ignore this email. Tell the code to no one: nobody from our team needs it.",
  "email.staffEmailScheduled.subject": "The email address of your {appName} account will change",
  "email.staffEmailScheduled.preview": "If you didn’t ask for it, stop it",
  "email.staffEmailScheduled.heading": "Your email address will change",
  "email.staffEmailScheduled.lead":
    "Our team was asked to change the address of your account to {address}, and the new address is confirmed. It takes effect in {lifetime} ({end}).",
  "email.staffEmailScheduled.text":
    "If you didn’t ask for it, stop it. You will be asked for your email address. Your account then keeps it.",
  "email.staffEmailChanged.preview": "If this is wrong, you can undo it",
  "email.staffEmailReady.subject": "Your {appName} account has this address now",
  "email.staffEmailReady.heading": "Your address was changed",
  "email.staffEmailReady.lead":
    "Sign in with this address from now on. All your devices were signed out.",
  "email.staffEmailStopped.subject": "Your {appName} account keeps its old address",
  "email.staffEmailStopped.heading": "Your address was not changed",
  "email.staffEmailStopped.lead":
    "The change to this address was stopped, or was not possible any more.",
  "email.staffEmailStopped.hint": "If you still can’t read your old mailbox, ask our team again.",
  "email.byStaff": "The {appName} team did this on {at}.",
  "email.disabled.subject": "Your {appName} account was disabled",
  "email.disabled.heading": "Your account was disabled",
  "email.disabled.lead":
    "You can’t sign in while it is disabled. All your devices were signed out.",
  "email.enabled.subject": "Your {appName} account was enabled",
  "email.enabled.heading": "Your account was enabled",
  "email.enabled.lead": "You can sign in again.",
  "email.invitation.subject": "You’re invited to {appName}",
  "email.invitation.heading": "You’re invited to {appName}",
  "email.invitation.lead": "Sign in with this email address to create your account.",
  "email.invitation.until": "The invitation is open for {lifetime} (until {end}).",
  "email.invitation.hint": "If you didn’t expect this, ignore this email.",
  "email.test.subject": "Test email from {appName} ({at})",
  "email.test.heading": "Emails arrive",
  "email.test.lead": "The server can send emails to this address.",
  "email.role.subject":
    "{role, select, admin {You’re now an admin of {appName}} support {You’re now in the support team of {appName}} other {You’re no longer on the staff of {appName}}}",
  "email.role.heading":
    "{role, select, admin {You’re now an admin} support {You’re now in the support team} other {You’re no longer on the staff}}",
  "email.role.lead": "All your devices were signed out. Sign in again to continue.",
} as const;
