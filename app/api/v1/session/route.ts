import { answer } from "@/lib/web/json-response";
import { endSession, showSession } from "../operations";

export const GET = (request: Request) => answer(request, showSession);
export const DELETE = (request: Request) => answer(request, endSession);
