"use server";

import { redirect } from "next/navigation";
import { clearPendingIdentity, pendingIdentityToken } from "@/lib/web/oauth-cookies";
import { fields } from "@/lib/web/run-for-request";
import { requireShownUser } from "@/app/shown-to";
import { sensitiveActions } from "../sensitive-actions";

export async function connect(form: FormData): Promise<void> {
  await sensitiveActions["oauth.start_linking"](fields(form), form);
}

export async function linkPendingProvider(form: FormData): Promise<void> {
  await sensitiveActions["auth_provider.link"](
    { pendingIdentity: await pendingIdentityToken() },
    form,
  );
}

export async function dismissPending(form: FormData): Promise<void> {
  await requireShownUser(form);
  await clearPendingIdentity();
  redirect("/account/methods");
}

export async function confirmProvider(form: FormData): Promise<void> {
  await sensitiveActions["auth_provider.confirm"](fields(form), form);
}

export async function disconnect(form: FormData): Promise<void> {
  await sensitiveActions["auth_provider.unlink"](fields(form), form);
}

export async function submitUnlock(form: FormData): Promise<void> {
  await sensitiveActions["methods.unlock"](fields(form), form);
}
