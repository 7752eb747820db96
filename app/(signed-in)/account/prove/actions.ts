"use server";

import { changes } from "../changes";
import { requestStepUp } from "@/lib/flows/step-up/request-step-up";
import { stepUpByCode } from "@/lib/flows/step-up/step-up-by-code";
import { stepUpByLink } from "@/lib/flows/step-up/step-up-by-link";
import { stepUpByPassword } from "@/lib/flows/step-up/step-up-by-password";
import { sayDone, sayNo } from "@/lib/web/flash";
import { takeInterrupted } from "@/lib/web/interruption";
import { shownFor } from "@/app/username-of";
import { fields, perform, prove, provePath } from "@/lib/web/perform";
import { goOn, safeNext } from "@/lib/web/redirects";
import type { Result } from "@/lib/result";

export async function proveByPassword(form: FormData): Promise<void> {
  const { next, [shownFor]: _, ...input } = fields(form);
  await afterProof(await prove(stepUpByPassword, input), safeNext(next));
}

export async function proveByCode(form: FormData): Promise<void> {
  const { next, ...input } = fields(form);
  const proof = await prove(stepUpByCode, input);
  if (proof.ok) await afterProof(proof, safeNext(next));
  else await sayNo(askedPath(safeNext(next)), proof.refusal);
}

export async function askForProof(form: FormData): Promise<void> {
  const at = askedPath(safeNext(form.get("next")));
  const result = await perform(requestStepUp, {});
  if (result.ok) await sayDone(at, "proof_asked");
  else await sayNo(at, result.refusal);
}

/** The page that asks for a proof, with the field for the code. */
const askedPath = (next: string) => `${provePath(next)}&asked`;

export async function proveByLink(form: FormData): Promise<void> {
  const proof = await prove(stepUpByLink, fields(form));
  if (proof.ok) await afterProof(proof, "/account/methods");
  else await sayNo("/l/prove/used", proof.refusal);
}

/** Completes what the proof was asked for, or goes on to the page that asked. */
async function afterProof(proof: Result<{ renewed: string }>, next: string): Promise<void> {
  if (!proof.ok) return sayNo(provePath(next), proof.refusal);
  const { renewed } = proof.value;
  const waiting = await takeInterrupted(renewed);
  if (waiting) await changes[waiting.flow](waiting.input, renewed);
  goOn(next);
}
