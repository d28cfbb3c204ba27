// What a request asks for, by RFC 9110 and 9112.

import { posix } from "node:path";

/**
 * The path of a request target, decoded: one slash in front, no `..`, nothing of another host. Undefined where it is
 * malformed.
 */
export function pathOf(target) {
  // A proxy's form has the host in front, and a browser takes a backslash for a slash.
  const [path] = target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/\\?#]*/i, "").split(/[?#]/, 1);
  const encoded = path.replaceAll("\\", "/").replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
  if (!/^(?:\/|$)/.test(encoded)) return undefined;
  try {
    const decoded = decodeURIComponent(encoded);
    return decoded.includes("\0") ? undefined : posix.normalize(`/${decoded}`);
  } catch {
    return undefined;
  }
}

/** The path as a target again: never the beginning of another host, since a backslash in it is encoded. */
export const targetOf = (path) => path.split("/").map(encodeURIComponent).join("/");

/** Whether a list of entity tags, or `*`, has this strong one; If-None-Match compares weakly, which proxies rely on. */
export function lists(header, tag, { weakly }) {
  if (header.trim() === "*") return true;
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((other) => (weakly ? other.replace(/^W\//, "") : other) === tag);
}

/**
 * The part that a Range header asks for. A header that is malformed, of another unit or of several parts counts as none.
 *
 * @returns `{ start, end }`, both included; "unsatisfiable"; or undefined for the whole.
 */
export function rangeOf(header, size) {
  const [, first, last] = /^bytes=[\t ,]*(\d*)-(\d*)[\t ,]*$/i.exec(header) ?? [];
  if (first === undefined || first + last === "") return undefined;
  if (first === "") {
    if (Number(last) === 0) return "unsatisfiable";
    return size === 0 ? undefined : { start: Math.max(0, size - Number(last)), end: size - 1 };
  }
  if (last !== "" && Number(last) < Number(first)) return undefined;
  if (Number(first) >= size) return "unsatisfiable";
  return { start: Number(first), end: last === "" ? size - 1 : Math.min(Number(last), size - 1) };
}
