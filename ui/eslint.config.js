import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";

import svelteConfig from "./svelte.config.js";

const tauri = {
  group: ["@tauri-apps/*"],
  message: "Only src/platform may know of Tauri. Ask the host for what you need.",
};
const features = {
  group: ["**/features/**", "**/features"],
  message: "Components know of no feature: pass what they need in.",
};
const state = {
  group: ["**/state/**", "**/platform/**"],
  message: "Components hold no business and ask no host: pass what they need in.",
};

export default ts.config(
  { ignores: ["dist", "dist-demo", "node_modules", "src/contract/generated.ts"] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      "no-console": "error",
      eqeqeq: "error",
      "no-restricted-imports": ["error", { patterns: [tauri] }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig } },
    rules: {
      // Plain maps and sets from which nothing is drawn are meant.
      "svelte/prefer-svelte-reactivity": "off",
    },
  },
  { files: ["src/platform/**"], rules: { "no-restricted-imports": "off" } },
  {
    files: ["src/components/**"],
    rules: { "no-restricted-imports": ["error", { patterns: [tauri, features, state] }] },
  },
);
