"use server";

import { sensitiveActions } from "../sensitive-actions";
import { pendingProvider } from "@/app/pending-identity";
import { requireShownUser } from "@/app/shown-to";
import { requestStepUp } from "@/lib/flows/step-up/request-step-up";
import { stepUpByCode } from "@/lib/flows/step-up/step-up-by-code";
import { stepUpByLink } from "@/lib/flows/step-up/step-up-by-link";
import { stepUpByPassword } from "@/lib/flows/step-up/step-up-by-password";
import { redirectWithNotice, redirectWithError } from "@/lib/web/flash";
import { cancelSuspendedAction, resumeAction } from "@/lib/web/suspended-action";
import { displayedUsername } from "@/app/username-field";
import { fields, runForRequest, stepUp } from "@/lib/web/run-for-request";
import { isStaffPath, redirectToNext, stepUpPath, parseStepUpPath } from "@/lib/web/redirects";
import { safeNext } from "@/lib/web/safe-next";
import type { Refusal } from "@/lib/core/result";

const methodsPage = "/account/methods";

export async function stepUpWithPassword(form: FormData): Promise<void> {
  const { target, input } = readForm(form);
  const outcome = await stepUp(stepUpByPassword, input, form);
  if (outcome.ok) await resumeAfterStepUp(target, form, outcome.value.renewed);
  else await redirectWithStepUpError(target, outcome.refusal);
}

export async function stepUpWithCode(form: FormData): Promise<void> {
  const { target, input } = readForm(form);
  const outcome = await stepUp(stepUpByCode, input, form);
  if (outcome.ok) await resumeAfterStepUp(target, form, outcome.value.renewed);
  else await redirectWithStepUpError(target, outcome.refusal, asked);
}

export async function submitStepUpRequest(form: FormData): Promise<void> {
  const { target } = readForm(form);
  const at = stepUpPath(target.next, target.actionId);
  const result = await runForRequest(requestStepUp, { next: at }, { form });
  if (result.ok) await redirectWithNotice(at + asked, "step_up_requested");
  else await redirectWithStepUpError(target, result.refusal, asked);
}

/** The link belongs to the step-up that its email was requested for. */
export async function stepUpWithLink(form: FormData): Promise<void> {
  const outcome = await stepUp(stepUpByLink, fields(form), form);
  if (!outcome.ok) {
    const isIn = outcome.refusal.code !== "sign_in_required";
    return redirectWithError(isIn ? "/l/confirm/used" : methodsPage, outcome.refusal);
  }
  const { value, renewed } = outcome.value;
  const target = parseStepUpPath(value.next) ?? { next: value.next || methodsPage, actionId: "" };
  await resumeAfterStepUp(target, form, renewed);
}

export async function cancelSuspended(form: FormData): Promise<void> {
  await requireShownUser(form);
  const { next, actionId } = readForm(form).target;
  await cancelSuspendedAction(actionId);
  const back = isStaffPath(next) ? next : methodsPage;
  await redirectWithNotice(back, "suspended_action_cancelled");
}

/** What a step-up is for: a suspended action with this id, or the page `next`. */
type StepUpTarget = NonNullable<ReturnType<typeof parseStepUpPath>>;

function readForm(form: FormData) {
  const { next, for: actionId, [displayedUsername]: _, ...input } = fields(form);
  const target: StepUpTarget = {
    next: safeNext(next),
    actionId: typeof actionId === "string" ? actionId : "",
  };
  return { target, input };
}

/** Runs the suspended action that the step-up was for, and no other; or continues to `next`. */
async function resumeAfterStepUp(
  { next, actionId }: StepUpTarget,
  form: FormData,
  renewed: string,
) {
  if (!actionId) return redirectToNext(next);
  const suspended = await resumeAction(actionId, renewed);
  if (!suspended) {
    // The page of an identity that is not pending any more redirects on.
    const isGone = next === "/account/connect" && !(await pendingProvider());
    return redirectWithNotice(isGone ? methodsPage : next, "suspended_action_lost");
  }
  await sensitiveActions[suspended.flow](suspended.input, form, renewed);
}

/** Shows the code field on the step-up page. */
const asked = "&asked";

/** Shows the error on the step-up page; a signed-out user starts again at `next`. */
function redirectWithStepUpError(
  { next, actionId }: StepUpTarget,
  refusal: Refusal,
  more = "",
): Promise<never> {
  const isIn = refusal.code !== "sign_in_required";
  return redirectWithError(isIn ? stepUpPath(next, actionId) + more : next, refusal);
}
