import { headers } from "next/headers";
import { cache } from "react";
import { getWorld } from "@/lib/runtime/world";
import { readIncomingRequest } from "./incoming-request";

/** This request of Next's, read once while a page is rendered. */
export const readRequest = cache(async () => readIncomingRequest(getWorld(), await headers()));
