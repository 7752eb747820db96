import { after } from "next/server";
import { getWorld } from "@/lib/runtime/world";
import { createCheckHandler } from "./check/check";
import { followReturn } from "./check/return-to";

/** The session check as a Next route handler. */
export const handleCheckRequest = (request: Request): Promise<Response> =>
  createCheckHandler(getWorld(), (task) => after(task))(request);

/** Follows the parameter of a request to `/return`. */
export const followReturnOf = ({ url, headers }: Request) =>
  followReturn(getWorld(), new URL(url).searchParams.get("to"), headers.get("cookie"));
