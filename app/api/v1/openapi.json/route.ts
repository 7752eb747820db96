import { openapiDocument } from "../openapi";

export const GET = () => Response.json(openapiDocument());
