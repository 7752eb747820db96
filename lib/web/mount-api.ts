import { after } from "next/server";
import { getWorld } from "@/lib/runtime/world";
import { createApiHandler } from "./api/handler";

/** The JSON API as a Next route handler. */
export const handleApiRequest = (request: Request): Promise<Response> =>
  createApiHandler(getWorld(), (task) => after(task))(request);
