"use server";

import { changes } from "../sensitive-actions";
import { onlyWhomItShowed } from "@/app/shown-to";
import { requestStepUp } from "@/lib/flows/step-up/request-step-up";
import { stepUpByCode } from "@/lib/flows/step-up/step-up-by-code";
import { stepUpByLink } from "@/lib/flows/step-up/step-up-by-link";
import { stepUpByPassword } from "@/lib/flows/step-up/step-up-by-password";
import { sayDone, sayNo } from "@/lib/web/flash";
import { cancelInterrupted, takeInterrupted } from "@/lib/web/suspended-action";
import { shownFor } from "@/app/username-field";
import { fields, perform, prove } from "@/lib/web/run-for-request";
import { goOn, provePath, readProvePath, safeNext } from "@/lib/web/redirects";
import type { Refusal } from "@/lib/core/result";

const methodsPage = "/account/methods";

export async function proveByPassword(form: FormData): Promise<void> {
  const { proofFor, input } = readForm(form);
  const proof = await prove(stepUpByPassword, input, form);
  if (proof.ok) await afterProof(proofFor, form, proof.value.renewed);
  else await sayNotProven(proofFor, proof.refusal);
}

export async function proveByCode(form: FormData): Promise<void> {
  const { proofFor, input } = readForm(form);
  const proof = await prove(stepUpByCode, input, form);
  if (proof.ok) await afterProof(proofFor, form, proof.value.renewed);
  else await sayNotProven(proofFor, proof.refusal, asked);
}

export async function askForProof(form: FormData): Promise<void> {
  const { proofFor } = readForm(form);
  const at = provePath(proofFor.next, proofFor.waiting);
  const result = await perform(requestStepUp, { next: at }, { form });
  if (result.ok) await sayDone(at + asked, "proof_asked");
  else await sayNotProven(proofFor, result.refusal, asked);
}

/** The link is for what the page was for on which its mail was asked for. */
export async function proveByLink(form: FormData): Promise<void> {
  const proof = await prove(stepUpByLink, fields(form), form);
  if (!proof.ok) {
    const isIn = proof.refusal.code !== "sign_in_required";
    return sayNo(isIn ? "/l/prove/used" : methodsPage, proof.refusal);
  }
  const { value, renewed } = proof.value;
  const proofFor = readProvePath(value.next) ?? { next: value.next || methodsPage, waiting: "" };
  await afterProof(proofFor, form, renewed);
}

export async function cancelInterruption(form: FormData): Promise<void> {
  await onlyWhomItShowed(form);
  await cancelInterrupted(readForm(form).proofFor.waiting);
  await sayDone(methodsPage, "interruption_cancelled");
}

/** What a proof is for: to carry out the form that waits under an id, or to go on to a page. */
type ProofFor = NonNullable<ReturnType<typeof readProvePath>>;

function readForm(form: FormData) {
  const { next, for: waiting, [shownFor]: _, ...input } = fields(form);
  const proofFor: ProofFor = {
    next: safeNext(next),
    waiting: typeof waiting === "string" ? waiting : "",
  };
  return { proofFor, input };
}

/** Carries out the form that the proof was for, and no other; or goes on to the page that asked. */
async function afterProof({ next, waiting }: ProofFor, form: FormData, renewed: string) {
  if (!waiting) return goOn(next);
  const interrupted = await takeInterrupted(waiting, renewed);
  if (!interrupted) return sayDone(next, "interruption_lost");
  await changes[interrupted.flow](interrupted.input, form, renewed);
}

/** The page that asks for a proof, with the field for the code. */
const asked = "&asked";

/** On the page that asked; whoever was signed out begins again where it began. */
function sayNotProven({ next, waiting }: ProofFor, refusal: Refusal, more = ""): Promise<never> {
  const isIn = refusal.code !== "sign_in_required";
  return sayNo(isIn ? provePath(next, waiting) + more : next, refusal);
}
