import { handleCheckRequest } from "@/lib/web/mount-check";

export {
  handleCheckRequest as DELETE,
  handleCheckRequest as GET,
  handleCheckRequest as HEAD,
  handleCheckRequest as OPTIONS,
  handleCheckRequest as PATCH,
  handleCheckRequest as POST,
  handleCheckRequest as PUT,
};
