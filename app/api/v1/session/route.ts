import { respondJson } from "@/lib/web/json-response";
import { endSession, showSession } from "../operations";

export const GET = (request: Request) => respondJson(request, showSession);
export const DELETE = (request: Request) => respondJson(request, endSession);
