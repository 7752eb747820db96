import { answer } from "@/lib/web/json-response";
import { askForProof } from "../../../operations";

export const POST = (request: Request) => answer(request, askForProof);
