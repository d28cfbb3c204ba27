import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [vue()],
  build: { target: "es2022", reportCompressedSize: false },
  server: { port: 5173 },
});
