import { expect, it } from "vitest";
import { dockerError } from "../../steps/docker.ts";

const error = (stderr: string) => dockerError(["load"], { code: 1, stderr });

it("tells who may not talk to docker what to do", () => {
  const words =
    'Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://x": dial unix /var/run/docker.sock: connect: permission denied';
  expect(error(words)).toBe(
    "docker: this user may not use the docker daemon at unix:///var/run/docker.sock. Join the group that owns the socket (usually docker), or set agatha:dockerHost.",
  );
});

it("tells an absent daemon from everything else", () => {
  expect(error("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n")).toBe(
    "docker: Cannot connect to the Docker daemon at unix:///x. Start the daemon (`npm run doctor` tells how), or set agatha:dockerHost.",
  );
  expect(error("archive/tar: invalid tar header")).toBe("docker load: archive/tar: invalid tar header");
  expect(error("")).toBe("docker load: it ended with 1 and said nothing");
});
