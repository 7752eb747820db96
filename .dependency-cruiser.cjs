/**
 * Who may import whom. A room lists what it may reach; the rest of our files is closed to it, so a
 * new folder is closed until somebody decides otherwise here. Tests may import anything.
 */
const TESTS = "[.]test[.]tsx?$|^lib/testing/";
const OURS = "^(app|lib|db|emails|messages|scripts|bench|e2e)/|^[^/]+[.][cm]?[jt]sx?$";

// What everybody in lib stands on. The runner and Auth.js live beside it, above the nouns.
const ROOT = "^lib/(core/)?(?!auth[.-]|run-flow[.])[^/]+[.]ts$";
const TYPES_OF_DB = "^db/client[.]ts$";

/**
 * may: files of ours it may import · mayKnow: files it may import types of · npm: the packages it
 * may import (any, when left out) · except: files with a room rule of their own
 */
function room(name, { files, except = [], may, mayKnow = [], npm, because }) {
  const from = { path: files, pathNot: [TESTS, ...except] };
  const rule = (suffix, to) => ({
    name: name + suffix,
    comment: because,
    severity: "error",
    from,
    to,
  });
  const rules = [rule("", { path: OURS, pathNot: [...may, ...mayKnow] })];
  if (mayKnow.length > 0)
    rules.push(rule("-types", { path: mayKnow, pathNot: may, dependencyTypesNot: ["type-only"] }));
  if (npm) {
    const allowed = `node_modules/(@types/)?(${npm.join("|")})/`;
    rules.push(rule("-npm", { path: "node_modules/", pathNot: allowed }));
  }
  return rules;
}

const rooms = [
  ...room("app", {
    files: "^app/",
    may: [
      "^app/",
      "^lib/(web|flows)/",
      "^lib/(auth|auth-handshake|result|policy|duration|oauth-providers)[.]ts$",
      "^messages/",
    ],
    because:
      "Faces ask and show. One that reaches the database, a noun or an adapter holds a rule, and " +
      "the other faces lack it. Numbers are shown, so they may be read from their one home.",
  }),
  ...room("lib-root", {
    files: ROOT,
    may: [ROOT],
    mayKnow: [TYPES_OF_DB],
    npm: ["ipaddr[.]js", "zod"],
    because: "Everything stands on these files, so they stand on themselves and two libraries.",
  }),
  ...room("lib-run-flow", {
    files: "^lib/run-flow[.]ts$",
    may: [ROOT, "^lib/identity/"],
    mayKnow: [TYPES_OF_DB],
    npm: ["zod"],
    because:
      "The runner takes limits, reads the session and writes the audit row, which are nouns; the " +
      "world outside is handed to it.",
  }),
  ...room("lib-web", {
    files: "^lib/web/",
    except: ["^lib/web/api/"],
    may: ["^lib/web/", ROOT, "^lib/run-flow[.]ts$", "^lib/outside/world[.]ts$", "^messages/"],
    mayKnow: ["^lib/identity/"],
    npm: ["compression", "next", "react", "zod"],
    because: "What faces share runs a flow for a request; past the runner's back nothing is read.",
  }),
  ...room("lib-web-api", {
    files: "^lib/web/api/",
    may: ["^lib/(web|flows)/", "^lib/auth-handshake[.]ts$", ROOT],
    npm: ["zod"],
    because:
      "The JSON API is a table of flows and a Web-standard handler that runs them; a server mounts it.",
  }),
  ...room("lib-flows", {
    files: "^lib/flows/",
    except: ["^lib/flows/index[.]ts$"],
    may: [ROOT, "^lib/identity/", "^lib/flows/(fields|limit-uses)[.]ts$"],
    mayKnow: [TYPES_OF_DB],
    npm: ["zod"],
    because:
      "A flow is one act, told in nouns: it knows no framework, no SQL and no other flow, and " +
      "everything outside comes in its context, so that it can neither forget nor double it.",
  }),
  ...room("lib-flows-catalogue", {
    files: "^lib/flows/index[.]ts$",
    may: ["^lib/flows/", ROOT],
    npm: [],
    because: "The catalogue names the flows and does nothing.",
  }),
  ...room("lib-identity", {
    files: "^lib/identity/",
    may: ["^lib/identity/", ROOT, "^db/(schema|rows)[.]ts$"],
    mayKnow: [TYPES_OF_DB],
    npm: ["drizzle-orm", "zod"],
    because: "A noun is queries and invariants; it does not know who asks, nor over which wire.",
  }),
  ...room("lib-outside", {
    files: "^lib/outside/",
    except: ["^lib/outside/(open-world|worker|courier|start)[.]ts$"],
    may: ["^lib/outside/", ROOT, "^db/", "^emails/"],
    because:
      "An adapter gives the real world a small type; which act needs it is not its business.",
  }),
  ...room("lib-outside-worker", {
    files: "^lib/outside/(open-world|worker|courier)[.]ts$",
    may: ["^lib/(outside|identity)/", ROOT, "^db/", "^emails/"],
    because: "The worker drives nouns that nobody asks for: the outbox, purges, the audit seal.",
  }),
  ...room("lib-outside-start", {
    files: "^lib/outside/start[.]ts$",
    may: ["^lib/outside/", "^lib/web/front[.]ts$", ROOT, "^db/"],
    because: "Starting puts the parts together once; it is the only one that knows both sides.",
  }),
  ...room("lib-auth", {
    files: "^lib/auth(-handshake)?[.]ts$",
    may: ["^lib/(web|flows)/", ROOT, "^lib/run-flow[.]ts$", "^lib/outside/world[.]ts$", "^db/"],
    because:
      "Auth.js speaks OAuth; whom it let in is decided by a flow, like for every other face.",
  }),
  ...room("db", {
    files: "^db/",
    may: ["^db/", "^lib/(policy|duration)[.]ts$"],
    because:
      "The tables and their connection know nothing of what is done with them; how long a " +
      "connection may take is a number like any other, and has its one home.",
  }),
  ...room("emails", {
    files: "^emails/",
    may: ["^emails/", "^messages/", "^lib/(letters|policy|duration|oauth-providers)[.]ts$"],
    mayKnow: ["^lib/env[.]ts$"],
    because:
      "A template shows the letter it is given; looking anything up would be a second truth.",
  }),
  ...room("messages", {
    files: "^messages/",
    may: ["^messages/", ROOT],
    npm: ["intl-messageformat", "react"],
    because: "The catalogue words values that it is given; it looks nothing up.",
  }),
  ...room("doors", {
    files: "^(proxy|instrumentation)[.]ts$",
    may: [ROOT, "^lib/web/origin[.]ts$", "^lib/outside/(world|start)[.]ts$"],
    because: "Admission happens in the runner: everything must hold with proxy.ts deleted.",
  }),
];

module.exports = {
  forbidden: [
    ...rooms,
    {
      name: "lib-web-api-without-next",
      comment: "The handler must also run before Next, so nothing that it needs may need Next.",
      severity: "error",
      from: { path: "^lib/web/api/", pathNot: TESTS },
      to: { path: "node_modules/(next|react|react-dom)/", reachable: true },
    },
    {
      name: "lib-flows-builtins",
      comment: "Chance, time, files and sockets are the world's, and come in the context.",
      severity: "error",
      from: { path: "^lib/flows/", pathNot: TESTS },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "tools-are-leaves",
      comment: "Scripts, measurements and journeys use the house; the house works without them.",
      severity: "error",
      from: { pathNot: ["^(scripts|bench|e2e)/", "^vitest[.]config[.]ts$", TESTS] },
      to: { path: "^(scripts|bench|e2e)/" },
    },
    {
      name: "testing-is-for-tests",
      comment: "lib/testing builds fake worlds; none may get into the real one.",
      severity: "error",
      from: { pathNot: ["^(bench|e2e)/", TESTS] },
      to: { path: "^lib/testing/" },
    },
    {
      name: "no-circular",
      comment: "Two files that need each other are one file, or a third is missing.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-dev-package",
      comment: "What runs in production is installed there: dependencies, not devDependencies.",
      severity: "error",
      from: { path: "^(app|lib|db|emails)/|^(proxy|instrumentation)[.]ts$", pathNot: TESTS },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "no-unresolvable",
      comment: "An import that leads nowhere also leads around every rule above.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: {
      path: ["^[.][^./]", "^(test-results|playwright-report)/", "^next-env[.]d[.]ts$"],
    },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types"],
    },
  },
};
