"use server";

import { shownFor } from "@/app/username-of";
import { fields } from "@/lib/web/perform";
import { changes } from "../changes";

export async function choosePassword(form: FormData): Promise<void> {
  form.delete(shownFor);
  await changes["password.set"](fields(form), form);
}

export async function dropPassword(form: FormData): Promise<void> {
  await changes["password.remove"](fields(form), form);
}
