import { respondJson } from "@/lib/web/json-response";
import { connectAuthProvider } from "../../operations";

export const POST = (request: Request) => respondJson(request, connectAuthProvider);
