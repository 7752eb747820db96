import { respondJson } from "@/lib/web/json-response";
import { askForLink, showWaiting } from "../operations";

export const POST = (request: Request) => respondJson(request, askForLink);
export const GET = (request: Request) => respondJson(request, showWaiting);
