/** Headless Chromium, the Debian package, driven by playwright-core. */
import { type Browser, chromium } from "playwright-core";
import { which } from "../../lib/process.ts";

export function openBrowser(): Promise<Browser> {
  const executablePath = which("chromium");
  if (executablePath === undefined) throw new Error("chromium: is not on PATH. `npm test` installs it.");
  return chromium.launch({
    executablePath,
    args: [
      // Root may not use Chromium's own sandbox.
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
