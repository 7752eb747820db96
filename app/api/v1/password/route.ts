import { respondJson } from "@/lib/web/json-response";
import { choosePassword, dropPassword, showPassword } from "../operations";

export const GET = (request: Request) => respondJson(request, showPassword);
export const PUT = (request: Request) => respondJson(request, choosePassword);
export const DELETE = (request: Request) => respondJson(request, dropPassword);
