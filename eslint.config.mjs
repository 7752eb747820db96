import nextVitals from "eslint-config-next/core-web-vitals";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

const TESTS = ["**/*.test.{ts,tsx}", "lib/testing/**", "e2e/**"];
const ASK_ENV = "lib/core/env.ts reads the environment once and refuses what is half set; ask it.";
const ASK_CLOCK = "Time is handed in, so that tests can move it: ask the clock.";

export default defineConfig([
  ...nextVitals,
  ...tseslint.configs.strict,
  {
    rules: {
      // Pages are plain documents on purpose: a full load gets a fresh nonce and needs no script.
      "@next/next/no-html-link-for-pages": "off",
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-dynamic-delete": "off",
      // noUncheckedIndexedAccess asks for one where a statement is known to return its row.
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
      // These two names Next replaces while it builds, so that each runtime gets only its own half.
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
    // Sent to every browser as it is written: short is a virtue there.
    rules: { "@typescript-eslint/no-unused-expressions": ["error", { allowShortCircuit: true }] },
  },
  {
    files: ["e2e/**"],
    // Playwright's fixtures hand over with a function called use, which is no hook there.
    rules: { "react-hooks/rules-of-hooks": "off" },
  },
]);
