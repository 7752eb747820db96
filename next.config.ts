import type { NextConfig } from "next";
import { bounds } from "./lib/core/policy";

const bodyLimit = `${bounds.bodyBytes / 1024}kb` as const;

export default {
  poweredByHeader: false,
  // The request gate reads pages on their way out, and compresses files.
  compress: false,
  // No client gets its metadata late, by a script.
  htmlLimitedBots: /.*/,
  // Nothing here is an image to be resized; this closes the door that would do it.
  images: { unoptimized: true },
  reactStrictMode: true,
  // `next dev` writes no files for coding assistants into the project.
  agentRules: false,
  // Drivers and their data files stay where npm put them, one copy for every bundle.
  serverExternalPackages: ["@electric-sql/pglite", "postgres", "drizzle-orm", "pino"],
  experimental: {
    serverActions: { bodySizeLimit: bodyLimit },
    // The front refuses larger bodies; this keeps Next from buffering more than that.
    proxyClientMaxBodySize: bodyLimit,
  },
} satisfies NextConfig;
