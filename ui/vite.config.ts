import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  // The demo studio is a development tool: in a release build the constant is false and the code behind it falls away.
  define: { __DEMO__: JSON.stringify(mode !== "production") },
  server: { port: 1420, strictPort: true, host: "127.0.0.1" },
  build: {
    target: ["safari16.4", "chrome111"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  // Without this vitest would take Svelte's server build, in which nothing mounts.
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["src/test-setup.ts"],
    restoreMocks: true,
  },
}));
