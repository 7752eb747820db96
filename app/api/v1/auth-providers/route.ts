import { respondJson } from "@/lib/web/json-response";
import { showAuthProviders } from "../operations";

export const GET = (request: Request) => respondJson(request, showAuthProviders);
