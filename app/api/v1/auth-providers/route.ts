import { answer } from "@/lib/web/json-response";
import { showAuthProviders } from "../operations";

export const GET = (request: Request) => answer(request, showAuthProviders);
