"use server";

import { displayedUsername } from "@/app/username-field";
import { fields } from "@/lib/web/run-for-request";
import { sensitiveActions } from "../sensitive-actions";

export async function submitNewPassword(form: FormData): Promise<void> {
  form.delete(displayedUsername);
  await sensitiveActions["password.set"](fields(form), form);
}

export async function submitPasswordRemoval(form: FormData): Promise<void> {
  await sensitiveActions["password.remove"](fields(form), form);
}
