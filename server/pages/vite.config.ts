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
      input: ["islands/room.ts", "islands/report.ts", "islands/times.ts", "styles/viva.css"],
    },
  },
});
