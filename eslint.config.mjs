import nextVitals from "eslint-config-next/core-web-vitals";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

const TESTS = ["**/*.test.{ts,tsx}", "test/**", "e2e/**"];
const ASK_ENV = "lib/core/env.ts reads and validates the environment; import its result.";
const ASK_CLOCK = "Tests control the time: use the clock.";

export default defineConfig([
  // The rules of React and Next concern only markup, and take their time on every file.
  ...nextVitals.map((config) => (config.rules ? { ...config, files: ["**/*.tsx"] } : config)),
  ...tseslint.configs.strict,
  {
    rules: {
      // Links load whole documents, which need no script.
      "@next/next/no-html-link-for-pages": "off",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-dynamic-delete": "off",
      // noUncheckedIndexedAccess requires an assertion where a statement always returns a row.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      eqeqeq: ["error", "smart"],
    },
  },
  {
    files: ["**/*.{ts,tsx}"],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/no-floating-promises": "error",
      // A form's action may be async; React awaits it.
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: false }],
      "@typescript-eslint/switch-exhaustiveness-check": "error",
    },
  },
  {
    files: ["{app,lib,db,emails,messages}/**"],
    ignores: ["lib/core/env.ts", ...TESTS],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "process", property: "env", message: ASK_ENV },
      ],
    },
  },
  {
    files: ["proxy.ts", "instrumentation.ts"],
    rules: {
      // Next replaces these two names at build time, and removes the code of the other runtime.
      "no-restricted-syntax": [
        "error",
        {
          selector:
            ":not(MemberExpression[property.name=/^(NODE_ENV|NEXT_RUNTIME)$/]) > MemberExpression[object.name='process'][property.name='env']",
          message: ASK_ENV,
        },
      ],
    },
  },
  {
    files: ["{app,lib,messages}/**"],
    ignores: ["lib/adapters/clock.ts", ...TESTS],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: ASK_CLOCK,
        },
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: ASK_CLOCK,
        },
      ],
    },
  },
  {
    files: ["{app,lib,messages}/**"],
    ignores: ["lib/adapters/log.ts", ...TESTS],
    // The log redacts secrets and addresses; the console does not.
    rules: { "no-console": "error" },
  },
  {
    files: ["public/**"],
    // Browsers receive these files without minification, so short code is allowed.
    rules: { "@typescript-eslint/no-unused-expressions": ["error", { allowShortCircuit: true }] },
  },
]);
