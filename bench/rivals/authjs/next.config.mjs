import { join } from "node:path";

const config = {
  poweredByHeader: false,
  // Next would search the folders above for a lockfile.
  turbopack: { root: join(import.meta.dirname, "..") },
};

export default config;
