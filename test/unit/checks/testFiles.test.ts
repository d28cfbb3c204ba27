import { expect, it } from "vitest";
import { refuseUnknown, testFiles } from "../../checks/testFiles.ts";

const paths = (...parts: string[]) => testFiles(parts).map(({ path }) => path);

it("a test file is found by a part of its name, or of its path", () => {
  expect(paths("rollb")).toEqual(["test/hosts/rollback.test.ts"]);
  for (const part of ["integration/jar", "integration/jar.test.ts", "test/integration/jar.test.ts"])
    expect(paths(part)).toEqual(["test/integration/jar.test.ts"]);
  // The folder alone is no part of a name.
  expect(paths("integration")).toEqual([]);
  expect(paths("hosts/").length).toBeGreaterThan(5);
  expect(paths()).toHaveLength(new Set(paths()).size);
  expect(paths().length).toBeGreaterThan(paths("hosts/").length);
});

it("a name that no test file has is refused, whatever else is named", () => {
  expect(() => refuseUnknown(["jar", "hosts/deploys"])).not.toThrow();
  expect(() => refuseUnknown(["jar", "hosts/jar"])).toThrow(
    'test: no file in test/integration or test/hosts has "hosts/jar" in its name. Give a part of one, or of its path.',
  );
});

it("files that share this machine's daemon are those of test/integration that do not say otherwise", () => {
  const shares = (part: string) => testFiles([part]).map(({ sharesDaemon }) => sharesDaemon);
  expect(shares("integration/journey")).toEqual([true]);
  expect(shares("integration/major")).toEqual([false]);
  expect(new Set(shares("hosts/"))).toEqual(new Set([false]));
});
