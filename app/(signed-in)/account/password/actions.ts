"use server";

import { shownFor } from "@/app/username-field";
import { fields } from "@/lib/web/run-for-request";
import { changes } from "../sensitive-actions";

export async function choosePassword(form: FormData): Promise<void> {
  form.delete(shownFor);
  await changes["password.set"](fields(form), form);
}

export async function dropPassword(form: FormData): Promise<void> {
  await changes["password.remove"](fields(form), form);
}
