/**
 * Which layer may import which. A layer lists what it may import; the rest of our files is closed
 * to it, so a new folder stays closed until this file opens it. Tests may import anything.
 */
const TESTS = "[.]test[.]tsx?$|^test/";
const OURS = "^(app|lib|db|emails|messages|scripts|bench|e2e|test)/|^[^/]+[.][cm]?[jt]sx?$";

const CORE = "^lib/core/";
const METHODS = "^lib/methods/";
const STORE = "^lib/store/";
const RUNTIME = "^lib/runtime/";
const SHARED_STEPS = "^lib/flows/shared/";
const MESSAGES = "^messages/";
const DATABASE_TYPES = "^db/client[.]ts$";
const OUTBOX_WORKER = "^lib/adapters/(worker|courier|due-email-changes|purge-guard)[.]ts$";

/**
 * - `files`: the layer, without the files that `except` gives a rule of their own
 * - `imports`: our files that it may import
 * - `importsTypesOf`: our files that it may import types of
 * - `npm`: the packages that it may import; any when absent
 * - `because`: the reason, which the report of a violation shows
 */
function layer(name, { files, except = [], imports, importsTypesOf = [], npm, because }) {
  const from = { path: files, pathNot: [TESTS, ...except] };
  const rule = (suffix, to) => ({
    name: name + suffix,
    comment: because,
    severity: "error",
    from,
    to,
  });
  const rules = [rule("", { path: OURS, pathNot: [...imports, ...importsTypesOf] })];
  if (importsTypesOf.length > 0)
    rules.push(
      rule("-types", {
        path: importsTypesOf,
        pathNot: imports,
        dependencyTypesNot: ["type-only"],
      }),
    );
  if (npm) {
    const allowed = `node_modules/(@types/)?(${npm.join("|")})/`;
    rules.push(rule("-npm", { path: "node_modules/", pathNot: allowed }));
  }
  return rules;
}

const layers = [
  ...layer("core", {
    files: CORE,
    imports: [CORE],
    npm: ["ipaddr[.]js", "zod"],
    because: "Every layer uses core, so core uses no other layer.",
  }),
  ...layer("methods", {
    files: METHODS,
    imports: [METHODS, CORE],
    npm: [],
    because: "A sign-in method is described as data; flows and pages act on the description.",
  }),
  ...layer("store", {
    files: STORE,
    imports: [STORE, CORE, METHODS, "^db/(schema|rows)[.]ts$"],
    importsTypesOf: [DATABASE_TYPES],
    npm: ["drizzle-orm", "zod"],
    because: "The store is SQL only: it knows no request, no context and no email.",
  }),
  ...layer("runtime", {
    files: RUNTIME,
    imports: [RUNTIME, STORE, METHODS, CORE],
    importsTypesOf: [DATABASE_TYPES],
    npm: ["zod"],
    because:
      "The runner reads the session, counts limits and writes the audit row. It receives " +
      "everything outside the process as ports.",
  }),
  ...layer("flow", {
    files: "^lib/flows/([^/]+)/",
    except: [SHARED_STEPS],
    imports: [CORE, METHODS, STORE, RUNTIME, SHARED_STEPS, "^lib/flows/$1/steps[.]ts$"],
    importsTypesOf: [DATABASE_TYPES],
    npm: ["zod"],
    because:
      "A flow imports no other flow. What several flows of a feature share is in that feature's " +
      "steps.ts; what several features share is in flows/shared.",
  }),
  ...layer("flows-shared", {
    files: SHARED_STEPS,
    imports: [CORE, METHODS, STORE, RUNTIME, SHARED_STEPS],
    importsTypesOf: [DATABASE_TYPES],
    npm: ["zod"],
    because: "Steps that every feature may use depend on no feature.",
  }),
  ...layer("flows-catalogue", {
    files: "^lib/flows/index[.]ts$",
    imports: ["^lib/flows/", RUNTIME],
    npm: [],
    because: "The catalogue lists the flows and contains no logic.",
  }),
  ...layer("adapters", {
    files: "^lib/adapters/",
    except: [OUTBOX_WORKER],
    imports: ["^lib/adapters/", RUNTIME, CORE, "^db/"],
    because: "An adapter implements a port. It does not know which flow uses it.",
  }),
  ...layer("outbox-worker", {
    files: OUTBOX_WORKER,
    imports: ["^lib/adapters/", RUNTIME, STORE, CORE, "^emails/"],
    importsTypesOf: [DATABASE_TYPES],
    because:
      "The worker sends the outbox, changes due addresses and purges expired rows without a flow.",
  }),
  ...layer("web", {
    files: "^lib/web/",
    imports: ["^lib/(web|flows)/", RUNTIME, METHODS, CORE, MESSAGES],
    importsTypesOf: [STORE],
    npm: ["@auth/core", "@auth/drizzle-adapter", "next", "next-auth", "react", "zod"],
    because: "Pages and the JSON API reach the database only through flows.",
  }),
  ...layer("server", {
    files: "^lib/server/",
    imports: ["^lib/(server|web|adapters)/", RUNTIME, STORE, METHODS, CORE, MESSAGES, "^db/"],
    because: "The composition root connects ports and adapters; it runs no flow.",
  }),
  ...layer("app", {
    files: "^app/",
    imports: ["^app/", "^lib/(web|flows)/", METHODS, CORE, MESSAGES],
    because: "Pages contain no business rules. A rule in a page would be missing in the JSON API.",
  }),
  ...layer("db", {
    files: "^db/",
    imports: ["^db/", CORE],
    because: "Schema and connection do not depend on what is done with the tables.",
  }),
  ...layer("emails", {
    files: "^emails/",
    imports: ["^emails/", METHODS, CORE, MESSAGES],
    because: "A template renders the letter that it is given and looks nothing up.",
  }),
  ...layer("messages", {
    files: MESSAGES,
    imports: [MESSAGES, METHODS, CORE],
    because: "Texts depend on nothing that shows them.",
  }),
  ...layer("entry-points", {
    files: "^(proxy|instrumentation)[.]ts$",
    imports: [CORE, "^lib/server/start[.]ts$"],
    because: "The runner decides who may do what: every rule must hold with proxy.ts deleted.",
  }),
];

const error = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

module.exports = {
  forbidden: [
    ...layers,
    error(
      "web-api-without-next",
      "The JSON API and the session check also run before Next, so nothing that they need may need Next.",
      { path: "^lib/web/(api|check)/", pathNot: TESTS },
      { path: "node_modules/(next|react|react-dom)/", reachable: true },
    ),
    error(
      "flows-without-builtins",
      "A flow receives randomness, time, files and sockets through its context.",
      { path: "^lib/flows/", pathNot: TESTS },
      { dependencyTypes: ["core"] },
    ),
    error(
      "app-is-top",
      "Only end-to-end tests import pages.",
      { pathNot: ["^(app|e2e)/", TESTS] },
      { path: "^app/" },
    ),
    error(
      "tools-are-leaves",
      "Scripts, benchmarks and end-to-end tests import the product; the product works without them.",
      { pathNot: ["^(scripts|bench|e2e)/", "^vitest[.]config[.]ts$", TESTS] },
      { path: "^(scripts|bench|e2e)/" },
    ),
    error(
      "test-support-is-for-tests",
      "test/support has fake ports, which must not reach the product.",
      { pathNot: ["^(bench|e2e)/", TESTS] },
      { path: "^test/" },
    ),
    error(
      "no-circular",
      "Two files that import each other are one file, or a third file is missing. Types count, too.",
      {},
      { circular: true },
    ),
    error(
      "no-dev-package",
      "Packages of the product are installed in production: dependencies, not devDependencies.",
      { path: "^(app|lib|db|emails|messages)/|^(proxy|instrumentation)[.]ts$", pathNot: TESTS },
      { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    ),
    error(
      "no-unresolvable",
      "An import that cannot be resolved would evade every rule above.",
      {},
      { couldNotResolve: true },
    ),
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: {
      // The packages of bench/rivals are installed for a measurement alone.
      path: [
        ...["^[.][^./]", "^(test-results|playwright-report)/", "^next-env[.]d[.]ts$"],
        "^bench/rivals/",
      ],
    },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types"],
    },
  },
};
