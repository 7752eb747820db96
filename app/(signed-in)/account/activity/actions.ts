"use server";

import { fields } from "@/lib/web/run-for-request";
import { sensitiveActions } from "../sensitive-actions";

export async function submitSessionReport(form: FormData): Promise<void> {
  await sensitiveActions["session.report"](fields(form), form);
}
