import { describe, expect, it } from "vitest";
import { because } from "../../../lib/docker/health.ts";

describe("why a service does not get healthy", () => {
  it("names the key if its health path has another answer", () => {
    const answer =
      'agatha-probe: http://127.0.0.1:8000/health?a=:1 answered "HTTP/1.1 404 Not Found", not one of 200,204';
    expect(because(answer, "agatha-back")).toBe(
      ": it answers 404 at /health?a=:1, not 200,204; set agatha:back.health.path to a path that answers 200,204 once it is ready, or agatha:back.health.statuses to what it answers then",
    );
  });

  it("is the probe's message in every other case", () => {
    for (const answer of [
      "agatha-probe: http://127.0.0.1:8000/health refuses connections",
      'agatha-probe: http://127.0.0.1:8000/ answered "SSH-2.0-x", not one of 200',
      "psql: error: connection refused",
    ])
      expect(because(answer, "agatha-back")).toBe(`; its probe says: ${answer}`);
  });
});
