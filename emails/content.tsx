import type { Duration } from "@/lib/core/duration";
import type { Letter } from "@/lib/core/letters";
import { lifetimes as fixedLifetimes } from "@/lib/core/policy";
import { oauthMethod } from "@/lib/methods";
import { magicLinkMethod } from "@/lib/methods/magic-link";
import type { Method } from "@/lib/methods/method";
import { passwordMethod } from "@/lib/methods/password";
import { messagesIn } from "@/messages";
import { deviceName } from "@/messages/device";
import { richMessage } from "@/messages/rich";
import type { LetterFacts } from "./facts";
import type { LetterContents } from "./letter";
import { LinkLine } from "./link-line";

/**
 * What each letter says: links from the origin alone, ends as time and as duration (L7, L10). Subjects of
 * letters that sign somebody in differ by their code, or by a time to the minute, as mail programs hide all
 * but the first of a thread (decision 35).
 */
export function contentsOf(letter: Letter, facts: LetterFacts): LetterContents {
  const { appName, origin, lifetimes } = facts;
  const messages = messagesIn(facts.locale);
  const { message } = messages;
  const timeOf = (at: Date) => messages.time(at, "UTC");
  const endOf = (length: Duration) => timeOf(new Date(facts.now.getTime() + length * 1000));
  const device = "browser" in letter ? deviceName(messages, letter.browser, "sentence") : "";
  const linkAndCode = (length: Duration) =>
    message("email.linkAndCode", {
      linkLifetime: messages.exactDuration(length),
      linkEnd: endOf(length),
      codeLifetime: messages.exactDuration(lifetimes.emailCode),
      codeEnd: endOf(lifetimes.emailCode),
    });
  const requested = (
    key:
      | "email.requested"
      | "email.signUp.requested"
      | "email.stepUp.requested"
      | "email.emailChange.requested",
    { askedAt }: { askedAt: string },
  ) => message(key, { device, at: timeOf(new Date(askedAt)) });
  const changed = ({ at }: { at: string }) => ({ device, at: timeOf(new Date(at)) });
  const byStaff = ({ at }: { at: string }) =>
    message("email.byStaff", { appName, at: timeOf(new Date(at)) });
  const isEnabled = ({ id }: Method) => facts.methods.includes(id);
  const passwordHint = (letter: { at: string }) =>
    isEnabled(passwordMethod)
      ? richMessage(messages, "email.changed.setPassword", {
          ...changed(letter),
          url: <LinkLine url={`${origin}/password`} />,
        })
      : richMessage(messages, "email.changed.reviewMethods", {
          ...changed(letter),
          url: <LinkLine url={`${origin}/account/methods`} />,
        });

  switch (letter.kind) {
    case "magic_link":
    case "sign_up_link":
      return {
        subject: message("email.signIn.subject", { code: letter.code, appName }),
        preview: message("email.signIn.preview", { code: letter.code, appName }),
        code: letter.code,
        heading: message("email.signIn.heading", { appName }),
        ...(letter.kind === "sign_up_link" && { lead: message("email.signIn.newAccount") }),
        button: {
          label: message("email.signIn.heading", { appName }),
          url: `${origin}/l/${letter.token}`,
        },
        text: linkAndCode(lifetimes.magicLink),
        hint: requested("email.requested", letter),
      };
    case "sign_up_code":
      return {
        subject: message("email.signUp.subject", { code: letter.code, appName }),
        preview: message("email.signUp.preview", { code: letter.code, appName }),
        code: letter.code,
        heading: message("email.signUp.heading", { appName }),
        text: message("email.signUp.text", {
          lifetime: messages.exactDuration(lifetimes.emailCode),
          end: endOf(lifetimes.emailCode),
        }),
        hint: requested("email.signUp.requested", letter),
      };
    case "already_signed_up": {
      // Links may have been disabled while the letter was in the queue.
      const token = isEnabled(magicLinkMethod) ? letter.token : null;
      return {
        subject: message("email.alreadySignedUp.subject", {
          appName,
          at: timeOf(new Date(letter.askedAt)),
        }),
        preview: message("email.alreadySignedUp.preview"),
        heading: message("email.alreadySignedUp.heading"),
        lead: message(token ? "email.alreadySignedUp.link" : "email.alreadySignedUp.password"),
        ...(token && {
          button: {
            label: message("email.signIn.heading", { appName }),
            url: `${origin}/l/${token}`,
          },
          text: message("email.linkOnly", {
            lifetime: messages.exactDuration(lifetimes.magicLink),
            end: endOf(lifetimes.magicLink),
          }),
        }),
        hint: requested("email.requested", letter),
      };
    }
    case "password_reset":
      return {
        subject: message("email.passwordReset.subject", { code: letter.code, appName }),
        preview: message("email.passwordReset.preview", { code: letter.code }),
        code: letter.code,
        heading: message("email.passwordReset.heading"),
        lead: message("email.passwordReset.lead"),
        button: {
          label: message("email.passwordReset.heading"),
          url: `${origin}/l/reset/${letter.token}`,
        },
        text: linkAndCode(lifetimes.magicLink),
        hint: requested("email.requested", letter),
      };
    case "step_up":
      return {
        subject: message("email.stepUp.subject", { code: letter.code, appName }),
        preview: message("email.stepUp.preview", { code: letter.code }),
        code: letter.code,
        heading: message("email.stepUp.heading"),
        lead: message("email.stepUp.lead"),
        button: {
          label: message("email.stepUp.button"),
          url: `${origin}/l/confirm/${letter.token}`,
        },
        text: linkAndCode(lifetimes.stepUpLink),
        hint: requested("email.stepUp.requested", letter),
      };
    case "email_change_code":
      return {
        subject: message("email.emailChange.subject", { code: letter.code, appName }),
        preview: message("email.emailChange.preview", { code: letter.code }),
        code: letter.code,
        heading: message("email.emailChange.heading"),
        text: message("email.emailChange.text", {
          lifetime: messages.exactDuration(lifetimes.emailCode),
          end: endOf(lifetimes.emailCode),
        }),
        hint: requested("email.emailChange.requested", letter),
      };
    case "email_taken":
      return {
        subject: message("email.emailTaken.subject", {
          appName,
          at: timeOf(new Date(letter.askedAt)),
        }),
        preview: message("email.emailTaken.preview"),
        heading: message("email.emailTaken.heading"),
        lead: message("email.emailTaken.lead"),
        hint: requested("email.requested", letter),
      };
    case "email_changed":
      return {
        subject: message("email.emailChanged.subject", { appName }),
        preview: message("email.changedFrom", { device }),
        heading: message("email.emailChanged.heading"),
        lead: message("email.emailChanged.lead", { address: letter.newAddress }),
        ...(letter.token && {
          button: {
            label: message("email.emailChanged.button"),
            url: `${origin}/l/undo/${letter.token}`,
          },
          text: message("email.emailChanged.undo", {
            lifetime: messages.exactDuration(lifetimes.emailUndo),
            end: endOf(lifetimes.emailUndo),
          }),
        }),
        hint: message("email.emailChanged.done", changed(letter)),
      };
    case "deletion_scheduled":
      return {
        subject: message("email.deletion.subject", { appName }),
        preview: message("email.changedFrom", { device }),
        heading: message("email.deletion.heading"),
        lead: message("email.deletion.lead", { at: timeOf(new Date(letter.deletesAt)) }),
        button: {
          label: message("email.deletion.button"),
          url: `${origin}/l/restore/${letter.token}`,
        },
        text: message("email.deletion.text", {
          lifetime: messages.exactDuration(lifetimes.deletion),
          end: endOf(lifetimes.deletion),
        }),
        hint: message("email.deletion.done", changed(letter)),
      };
    case "former_account_deleted":
      return {
        subject: message("email.deletion.subject", { appName }),
        preview: message("email.changedFrom", { device }),
        heading: message("email.deletion.heading"),
        lead: message("email.formerAccountDeleted.lead"),
        text: message("email.formerAccountDeleted.text"),
        hint: message("email.emailChanged.done", changed(letter)),
      };
    case "new_device_sign_in": {
      const ip = letter.ip ?? "";
      return {
        subject: message("email.newDevice.subject", { appName, at: timeOf(new Date(letter.at)) }),
        preview: message("email.changedFrom", { device }),
        heading: message("email.newDevice.heading"),
        lead: message("email.newDevice.lead", {
          ...changed(letter),
          known: ip ? "ip" : "other",
          ip,
        }),
        button: {
          label: message("report.submit"),
          url: `${origin}/l/report/${letter.token}`,
        },
        text: message("email.newDevice.text", {
          lifetime: messages.exactDuration(lifetimes.signInReport),
          lock: messages.exactDuration(lifetimes.methodsLock),
        }),
        hint: message("email.newDevice.hint"),
      };
    }
    case "password_chosen":
      return {
        subject: message(
          letter.first ? "email.passwordSet.subject" : "email.passwordChanged.subject",
          { appName },
        ),
        preview: message("email.changedFrom", { device }),
        heading: message(
          letter.first ? "email.passwordSet.heading" : "email.passwordChanged.heading",
        ),
        lead: message("email.passwordChanged.lead"),
        hint: passwordHint(letter),
      };
    case "password_removed":
      return {
        subject: message("email.passwordRemoved.subject", { appName }),
        preview: message("email.changedFrom", { device }),
        heading: message("email.passwordRemoved.heading"),
        lead: message("email.otherMethods"),
        hint: passwordHint(letter),
      };
    case "methods_locked":
    case "methods_unlocked": {
      const isLocked = letter.kind === "methods_locked";
      return {
        subject: message(isLocked ? "email.locked.subject" : "email.unlocked.subject", { appName }),
        preview: message("email.changedFrom", { device }),
        heading: message(isLocked ? "email.locked.heading" : "email.unlocked.heading"),
        lead: isLocked
          ? message("email.locked.lead", { lock: messages.exactDuration(lifetimes.methodsLock) })
          : message("email.unlocked.lead"),
        hint: richMessage(messages, "email.changed.reviewMethods", {
          ...changed(letter),
          url: <LinkLine url={`${origin}/account/methods`} />,
        }),
      };
    }
    case "provider_connected": {
      const provider = oauthMethod(letter.provider).oauth.name;
      return {
        subject: message("email.connected.subject", { provider, appName }),
        preview: message("email.changedFrom", { device }),
        heading: message("email.connected.heading", { provider }),
        lead: letter.address
          ? message("email.connected.leadAs", { provider, address: letter.address })
          : message("email.connected.lead", { provider }),
        hint: richMessage(messages, "email.changed.disconnect", {
          ...changed(letter),
          provider,
          url: <LinkLine url={`${origin}/account/methods`} />,
        }),
      };
    }
    case "provider_disconnected": {
      const provider = oauthMethod(letter.provider).oauth.name;
      return {
        subject: message("email.disconnected.subject", { provider, appName }),
        preview: message("email.changedFrom", { device }),
        heading: message("email.disconnected.heading", { provider }),
        lead: message("email.otherMethods"),
        hint: richMessage(messages, "email.changed.reviewMethods", {
          ...changed(letter),
          url: <LinkLine url={`${origin}/account/methods`} />,
        }),
      };
    }
    case "access_link":
      return {
        subject: message("email.accessLink.subject", { appName }),
        preview: message("email.accessLink.preview"),
        heading: message("email.accessLink.heading"),
        lead: message("email.accessLink.lead", {
          appName,
          session: messages.exactDuration(lifetimes.accessSession),
        }),
        button: {
          label: message("email.accessLink.button"),
          url: `${origin}/l/access/${letter.token}`,
        },
        text: message("email.accessLink.text", {
          lifetime: messages.exactDuration(lifetimes.accessLink),
          end: endOf(lifetimes.accessLink),
        }),
        hint: message("email.accessLink.hint"),
      };
    case "staff_email_code":
      return {
        subject: message("email.emailChange.subject", { code: letter.code, appName }),
        preview: message("email.emailChange.preview", { code: letter.code }),
        code: letter.code,
        heading: message("email.emailChange.heading"),
        lead: message("email.staffEmailCode.lead", { appName }),
        button: {
          label: message("email.staffEmailCode.button"),
          url: `${origin}/l/email/${letter.token}`,
        },
        text: message("email.staffEmailCode.text", {
          lifetime: messages.exactDuration(lifetimes.emailCode),
          end: endOf(lifetimes.emailCode),
        }),
        hint: message("email.staffEmailCode.hint"),
      };
    case "staff_email_scheduled":
      return {
        subject: message("email.staffEmailScheduled.subject", { appName }),
        preview: message("email.staffEmailScheduled.preview"),
        heading: message("email.staffEmailScheduled.heading"),
        lead: message("email.staffEmailScheduled.lead", {
          address: letter.newAddress,
          lifetime: messages.exactDuration(lifetimes.emailChangeNotice),
          end: endOf(lifetimes.emailChangeNotice),
        }),
        button: {
          label: message("stopEmail.submit"),
          url: `${origin}/l/stop/${letter.token}`,
        },
        text: message("email.staffEmailScheduled.text"),
        hint: byStaff(letter),
      };
    case "staff_email_changed":
      return {
        subject: message("email.emailChanged.subject", { appName }),
        preview: message("email.staffEmailChanged.preview"),
        heading: message("email.emailChanged.heading"),
        lead: message("email.emailChanged.lead", { address: letter.newAddress }),
        button: {
          label: message("email.emailChanged.button"),
          url: `${origin}/l/undo/${letter.token}`,
        },
        text: message("email.emailChanged.undo", {
          lifetime: messages.exactDuration(lifetimes.emailUndo),
          end: endOf(lifetimes.emailUndo),
        }),
        hint: byStaff(letter),
      };
    case "staff_email_ready":
      return {
        subject: message("email.staffEmailReady.subject", { appName }),
        preview: message("email.staffEmailReady.lead"),
        heading: message("email.staffEmailReady.heading"),
        lead: message("email.staffEmailReady.lead"),
        button: {
          label: message("email.signIn.heading", { appName }),
          url: `${origin}/sign-in`,
        },
        hint: byStaff(letter),
      };
    case "staff_email_stopped":
      return {
        subject: message("email.staffEmailStopped.subject", { appName }),
        preview: message("email.staffEmailStopped.lead"),
        heading: message("email.staffEmailStopped.heading"),
        lead: message("email.staffEmailStopped.lead"),
        hint: message("email.staffEmailStopped.hint"),
      };
    case "account_disabled":
      return {
        subject: message("email.disabled.subject", { appName }),
        preview: message("email.disabled.lead"),
        heading: message("email.disabled.heading"),
        lead: message("email.disabled.lead"),
        hint: byStaff(letter),
      };
    case "account_enabled":
      return {
        subject: message("email.enabled.subject", { appName }),
        preview: message("email.enabled.lead"),
        heading: message("email.enabled.heading"),
        lead: message("email.enabled.lead"),
        hint: byStaff(letter),
      };
    case "invitation":
      return {
        subject: message("email.invitation.subject", { appName }),
        preview: message("email.invitation.lead"),
        heading: message("email.invitation.heading", { appName }),
        lead: message("email.invitation.lead"),
        button: {
          label: message("email.signIn.heading", { appName }),
          url: `${origin}/sign-in`,
        },
        text: message("email.invitation.until", {
          lifetime: messages.exactDuration(fixedLifetimes.invitation),
          end: endOf(fixedLifetimes.invitation),
        }),
        hint: message("email.invitation.hint"),
      };
    case "test_email":
      return {
        subject: message("email.test.subject", { appName, at: timeOf(new Date(letter.at)) }),
        preview: message("email.test.lead"),
        heading: message("email.test.heading"),
        lead: message("email.test.lead"),
        hint: byStaff(letter),
      };
    case "role_changed": {
      const role = letter.role === "member" ? "other" : letter.role;
      return {
        subject: message("email.role.subject", { role, appName }),
        preview: message("email.role.lead"),
        heading: message("email.role.heading", { role }),
        lead: message("email.role.lead"),
        hint: byStaff(letter),
      };
    }
  }
}
