/** Where a stack runs, and what only a swarm has. */
import { describe, expect, it } from "vitest";
import { errors, load } from "../../support/configuration.ts";

describe("the target", () => {
  it("is docker by default, with one of each service, anywhere", () => {
    const { target, back, front } = load({});
    expect(target).toBe("docker");
    for (const { replicas, placement } of [back, front])
      expect({ replicas, placement }).toEqual({ replicas: 1, placement: {} });
  });

  it("may be a swarm, whose values of labels are texts", () => {
    const { back, front } = load({
      target: "swarm",
      back: { replicas: 3, placement: { zone: "west", rack: 12, "com.example.ssd": true } },
      front: { replicas: 20 },
    });
    expect(back).toMatchObject({
      replicas: 3,
      placement: { zone: "west", rack: "12", "com.example.ssd": "true" },
    });
    expect(front.replicas).toBe(20);
  });

  it.each([
    [
      { target: "kubernetes" },
      'agatha:target: "kubernetes" is not a target. Use "docker" (one host) or "swarm" (Docker Swarm).',
    ],
    [
      { back: { replicas: 2 } },
      "agatha:back.replicas: 2 cannot be had with target docker, which is one host. Remove it, or set agatha:target to swarm (docs/scale.md).",
    ],
    [
      { front: { placement: { zone: "west" } } },
      "agatha:front.placement: chooses no node with target docker, which is one host. Remove it, or set agatha:target to swarm (docs/scale.md).",
    ],
    [
      { target: "swarm", back: { replicas: 2, overlap: false } },
      "agatha:back.replicas: 2 would run side by side, and back.overlap is false. Set it to 1, or back.overlap to true.",
    ],
    [{ target: "swarm", back: { replicas: 0 } }, "agatha:back.replicas: 0 is too small. Give at least 1."],
    [{ target: "swarm", back: { replicas: 21 } }, "agatha:back.replicas: 21 is too large. Give at most 20."],
    [
      { target: "swarm", back: { replicas: "many" } },
      'agatha:back.replicas: "many" is not a number of replicas. Give a whole number, like 3.',
    ],
    [
      { target: "swarm", back: { placement: { "a b": "x" } } },
      'agatha:back.placement["a b"]: is not a node label\'s name. Write it like zone.',
    ],
    [
      { target: "swarm", back: { placement: { zone: "x y" } } },
      'agatha:back.placement.zone: "x y" is not a node label\'s value. Use letters, digits, dots and dashes.',
    ],
  ])("%j is refused, with the fix", (given, message) => {
    expect(errors(given)).toEqual([message]);
  });
});
