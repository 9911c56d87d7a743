import { defineConfig } from "vite";

export default defineConfig({
  base: "/static/built/",
  publicDir: false,
  build: {
    outDir: "static/built",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    // Nothing may become a data: address or an inline script: the pages' Content-Security-Policy refuses both.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: [
        "islands/check.ts",
        "islands/partial.ts",
        "islands/report.ts",
        "islands/room.ts",
        "islands/setup.ts",
        "islands/site.ts",
        "islands/times.ts",
        "islands/waiting.ts",
        "islands/watch.ts",
        "islands/worker.ts",
        "islands/workshop.ts",
        "islands/workshop_import.ts",
        "islands/history.ts",
        "styles/index.css",
        "styles/paper.css",
        "styles/workshop.css",
      ],
      onwarn(warning, warn) {
        // htmx has an eval for attributes that we never write; it is turned off, and the policy refuses it besides.
        if (warning.code !== "EVAL") warn(warning);
      },
    },
  },
});
