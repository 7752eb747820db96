"use server";

import { fields } from "@/lib/web/perform";
import { changes } from "./changes";

export async function choosePassword(form: FormData): Promise<void> {
  // The address in the form is for password managers; whose password it is, the session says.
  form.delete("shown-for");
  await changes["password.set"](fields(form));
}

export async function dropPassword(form: FormData): Promise<void> {
  await changes["password.remove"](fields(form));
}
