import { headers } from "next/headers";
import { cache } from "react";
import { getWorld } from "@/lib/runtime/world";
import { readIncomingRequest } from "./incoming-request";

/** Next's current request. Within one render it is read once. */
export const readRequest = cache(async () => readIncomingRequest(getWorld(), await headers()));
