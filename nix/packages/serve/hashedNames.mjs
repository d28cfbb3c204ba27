// Which files may be cached for a year: those whose name changes with their content. A name is all there is to tell by, so
// what could be a word, a number or a date is no hash: such a file is asked for again, and answered with 304.

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** webpack's and Vue CLI's: `js/app.3f2a1b9c.js`, `js/2.3f2a1b9c.chunk.js`. A year in front makes it a date. */
const HEXADECIMAL = /\.(?!(?:19|20)\d\d)((?:[\da-f]{8}|[\da-f]{16}|[\da-f]{20}|[\da-f]{32}))(?:\.[a-z]+)?\.\w+$/;

/** Rollup's, and so Vite's, are exactly 8 characters of base64url: `assets/index-BY1PD-5Z.js`. */
const BASE64URL = /\/.*\/[^/]*[-.]([\w-]{8})(?:\.[a-z]+)?\.\w+$/;

/**
 * Whether 8 characters can hardly be somebody's words: `SemiBold` and `NotInUse` are capitalised words, in `BqA1x3fZ`
 * there are letters that no word has. Tried with 91,000 file names of Linux packages: one was wrong; of random hashes,
 * nine in ten are found.
 */
function isRandom(text) {
  const words = text.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+/g) ?? [];
  const mixed = /[a-z]/.test(text) && /[A-Z]/.test(text);
  return mixed && words.length > 2 && words.some((word) => /^[b-df-hj-np-tv-xz]+$/i.test(word));
}

/** Whether a path's name holds a hash, by itself. */
export function holdsHash(path) {
  if (/\.html?$/i.test(path)) return false;
  const digits = HEXADECIMAL.exec(path)?.[1];
  if (digits !== undefined) return (digits.match(/\d+|[a-f]+/g) ?? []).length > 2;
  return isRandom(BASE64URL.exec(path)?.[1] ?? "");
}

/** A script or style as a bundler names it: that it did is known by who refers to it. */
const CHUNK = /[-.](?=[\w-]*[A-Z\d_])[\w-]{8}\.(?:m?js|css)$/;

/** How Vite refers to its own in a page: other tags are the author's. */
const TAG = /<(?:script|link)\b[^>]*\s(?:crossorigin\b|type="module"|rel="modulepreload")[^>]*>/g;

/** How a bundler's script refers to others: relative to itself or to the root. An author's path begins with a slash. */
const IMPORT = /["'`]((?:\.\.?\/)*(?:[\w-]+\/)*[\w.-]+\.(?:m?js|css))["'`]/g;

/** The paths of the scripts and styles that index.html loads as Vite writes it, and of those that these load. */
export function chunksOf(root) {
  const chunks = new Set();
  const read = (path) => {
    try {
      return readFileSync(join(root, path), "utf8");
    } catch {
      return undefined;
    }
  };
  const add = (reference, from) => {
    const path = new URL(reference, `http://localhost${from}`).pathname;
    const text = CHUNK.test(path) && !chunks.has(path) ? read(path) : undefined;
    if (text === undefined) return;
    chunks.add(path);
    for (const [, next] of text.matchAll(IMPORT)) {
      add(next, path);
      add(next, "/");
    }
  };
  for (const [tag] of (read("index.html") ?? "").matchAll(TAG)) {
    const reference = /\s(?:src|href)="([^"]+)"/.exec(tag)?.[1];
    if (reference !== undefined && URL.canParse(reference, "http://localhost/")) add(reference, "/");
  }
  return chunks;
}
