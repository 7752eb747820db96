const config = {
  // Below a folder of this name, because that is where git and every tool of ours look away.
  distDir: "node_modules/.next",
  poweredByHeader: false,
  reactStrictMode: true,
  agentRules: false,
  serverExternalPackages: ["postgres"],
};

export default config;
