import { describe, expect, it } from "vitest";
import { escapeProperty, renderProperties } from "../../../components/javaProperties.ts";

describe("gradle.properties", () => {
  it("is sorted by name, with its placeholders replaced", () => {
    const text = renderProperties(
      { b: "${databaseUser}", a: "jdbc://${databaseHost}/x" },
      { databaseUser: "u", databaseHost: "h" },
    );
    expect(text).toBe("a=jdbc://h/x\nb=u\n");
  });

  it("keeps an unknown placeholder, and replaces nothing in what it inserted", () => {
    expect(renderProperties({ a: "${other} ${password}" }, { password: "${other}" })).toBe(
      "a=${other} ${other}\n",
    );
  });

  it("does not take an inherited name for a placeholder", () => {
    expect(renderProperties({ a: "${constructor}" }, {})).toBe("a=${constructor}\n");
  });

  it.each([
    ["a\\b", "a\\\\b"],
    ["a\nb", "a\\nb"],
    [" leading", "\\ leading"],
    ["café", "caf\\u00e9"],
    ["😀", "\\ud83d\\ude00"],
    ["p'\"$`;&|", "p'\"$`;&|"],
  ])("escapes %j as java.util.Properties reads it", (value, escaped) => {
    expect(escapeProperty(value)).toBe(escaped);
  });

  it("escapes what would end a name", () => {
    expect(renderProperties({ "a b=c:d#e": "1" }, {})).toBe("a\\ b\\=c\\:d\\#e=1\n");
  });
});
