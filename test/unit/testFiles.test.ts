import { expect, it } from "vitest";
import { refuseUnknown, testFiles } from "../checks/testFiles.ts";

it("a test file is found by a part of its name, or of its path", () => {
  expect(testFiles("hosts", ["rollb"])).toEqual(["test/hosts/rollback.test.ts"]);
  for (const path of ["integration/jar", "integration/jar.test.ts", "test/integration/jar.test.ts"]) {
    expect(testFiles("integration", [path])).toEqual(["test/integration/jar.test.ts"]);
    expect(testFiles("hosts", [path])).toEqual([]);
  }
  // The folder alone is no part of a name.
  expect(testFiles("integration", ["integration"])).toEqual([]);
  expect(testFiles("hosts", []).length).toBeGreaterThan(5);
});

it("a name that no test file has is refused, whatever else is named", () => {
  expect(() => refuseUnknown(["jar", "hosts/trial"])).not.toThrow();
  expect(() => refuseUnknown(["jar", "hosts/jar"])).toThrow(
    'test: no file in test/integration or test/hosts has "hosts/jar" in its name. Give a part of one, or of its path.',
  );
});
