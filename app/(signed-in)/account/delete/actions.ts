"use server";

import { linkFields } from "@/lib/web/run-for-request";
import { sensitiveActions } from "../sensitive-actions";

export async function submitDeletion(form: FormData): Promise<void> {
  await sensitiveActions["account.delete"](linkFields(form), form);
}
