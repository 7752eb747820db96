import { notFoundResponse } from "@/lib/web/json-response";

export {
  notFoundResponse as DELETE,
  notFoundResponse as GET,
  notFoundResponse as PATCH,
  notFoundResponse as POST,
  notFoundResponse as PUT,
};
