"use server";

import { redirect } from "next/navigation";
import { forgetParked, parkedToken } from "@/lib/web/oauth-cookies";
import { fields } from "@/lib/web/run-for-request";
import { onlyWhomItShowed } from "@/app/shown-to";
import { changes } from "../sensitive-actions";

export async function connect(form: FormData): Promise<void> {
  await changes["handshake.begin_link"](fields(form), form);
}

export async function connectParked(form: FormData): Promise<void> {
  await changes["auth_provider.connect"]({ parked: await parkedToken() }, form);
}

export async function notNow(form: FormData): Promise<void> {
  await onlyWhomItShowed(form);
  await forgetParked();
  redirect("/account/methods");
}

export async function keep(form: FormData): Promise<void> {
  await changes["auth_provider.keep"](fields(form), form);
}

export async function disconnect(form: FormData): Promise<void> {
  await changes["auth_provider.disconnect"](fields(form), form);
}
