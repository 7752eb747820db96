import type { NextConfig } from "next";
import { ownFiles } from "./lib/core/own-paths";
import { bounds } from "./lib/core/policy";

const bodyLimit = `${bounds.bodyBytes / 1024}kb` as const;

export default {
  poweredByHeader: false,
  // Another Next app on the same origin has the files at /_next.
  assetPrefix: ownFiles,
  // The request gate compresses files. It reads pages, which must not be compressed (BREACH).
  compress: false,
  // Every client is treated as a bot without script, so the metadata is in the HTML.
  htmlLimitedBots: /.*/,
  // No page resizes images, so the endpoint for it is disabled.
  images: { unoptimized: true },
  reactStrictMode: true,
  // `npm run check` checks the types.
  typescript: { ignoreBuildErrors: true },
  // `next dev` must not write instruction files into the project.
  agentRules: false,
  // Not bundled: drivers load data files next to their code, and exist once per process.
  serverExternalPackages: ["@electric-sql/pglite", "postgres", "drizzle-orm", "pino"],
  experimental: {
    serverActions: { bodySizeLimit: bodyLimit },
    // The request gate refuses larger bodies. This limits what Next buffers.
    proxyClientMaxBodySize: bodyLimit,
  },
} satisfies NextConfig;
