import { describe, expect, it } from "vitest";
import { absent, notRemoved, notUp, removed, review } from "../../../lib/pull-requests/reviewStack.ts";

const RUN = "https://github.example/team/app/actions/runs/1";

/** The comment as people read it. */
const read = (urls: Record<string, string>, dockerHost: string | undefined) =>
  review("pr-12", urls, dockerHost).replace(/&#(\d+);/g, (_, point) => String.fromCodePoint(Number(point)));

describe("the comment on a review stack", () => {
  it("says where it is", () => {
    const urls = { front: "http://review.example:6373", back: "http://review.example:9200" };
    expect(review("pr-12", urls, "ssh://deploy@review.example")).toBe(`\
### Review stack pr-12 is up

| service | where |
| --- | --- |
| **front** | <http://review.example:6373> |
| **back** | <http://review.example:9200> |

Its data stays from push to push, and is removed with it when the pull request is closed.
`);
  });

  it("says how to reach what only the docker host itself can reach", () => {
    const urls = { front: "http://127.0.0.1:6373", back: "http://127.0.0.1:9200" };
    expect(read(urls, "ssh://deploy@review.example:2222")).toContain(
      "<code>ssh -N -L 6373:127.0.0.1:6373 -L 9200:127.0.0.1:9200 ssh://deploy@review.example:2222</code>",
    );
    expect(read(urls, "ssh://deploy@review.example/var/run/docker.sock")).toMatch(
      / ssh:\/\/deploy@review.example</,
    );
    for (const other of ["unix:///var/run/docker.sock", undefined])
      expect(read(urls, other)).not.toContain("ssh");
  });

  it("names port 80 too, which URLs leave out", () => {
    const text = read({ front: "http://127.0.0.1:80" }, "ssh://deploy@review.example");
    expect(text).toContain("ssh -N -L 80:127.0.0.1:80 ssh://");
  });

  it("leaves out what is not published", () => {
    const text = review("pr-12", { front: undefined, back: undefined }, "ssh://deploy@review.example");
    expect(text).not.toMatch(/front|ssh|\|/);
  });

  it("names the log if it did not come up or could not be removed", () => {
    expect(notUp("pr-12", RUN)).toMatch(/^### Review stack pr-12 did not come up\n/);
    expect(notRemoved("pr-12", RUN)).toMatch(/^### Review stack pr-12 could not be removed\n/);
    for (const text of [notUp("pr-12", RUN), notRemoved("pr-12", RUN)])
      expect(text).toContain(`[log](${RUN})`);
    expect(removed("pr-12")).toMatch(/^### Review stack pr-12 is gone\n/);
    // A backend that does not know the stack cannot say what is left of it.
    expect(absent("pr-12")).toMatch(/^### There is no review stack pr-12\n/);
    expect(absent("pr-12")).not.toContain("left");
  });
});
