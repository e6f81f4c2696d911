import { defineConfig } from "vite";

// The box serves the built files itself, under a policy without inline script, style or eval.
// Nothing may be inlined into the page, and nothing is fetched from elsewhere.
export default defineConfig({
  base: "./",
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    chunkSizeWarningLimit: 700,
    rollupOptions: { output: { manualChunks: { three: ["three"] } } },
  },
  server: {
    port: 5173,
    proxy: { "/api": { target: process.env["MOLDSIGHT_API"] ?? "http://127.0.0.1:8090", changeOrigin: true } },
  },
});
