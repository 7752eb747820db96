import { answer } from "@/lib/web/json-response";
import { cancelLink } from "../../operations";

export const POST = (request: Request) => answer(request, cancelLink);
