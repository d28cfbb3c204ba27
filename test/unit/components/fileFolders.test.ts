import { expect, it } from "vitest";
import { fileFolders } from "../../../components/DockerService.ts";

const own = (path: string) => ({ path, keep: false });
const kept = (path: string) => ({ path, keep: true });

it.each<[string, string[], ReturnType<typeof fileFolders>]>([
  ["no file needs no folder", [], []],
  ["a file in the service's own folder", ["/home/a", "/home/b"], [own("/home")]],
  ["a file below the service's own folder", ["/home/conf/deep/a"], [own("/home")]],
  ["a file elsewhere, whose folder keeps what is there", ["/etc/app/a"], [kept("/etc/app")]],
  ["folders that lie in each other are one", ["/etc/a", "/etc/app/deep/b"], [kept("/etc")]],
  ["folders that begin alike are two", ["/opt/a/x", "/opt/ab/x"], [kept("/opt/a"), kept("/opt/ab")]],
  [
    "a folder that begins like the own one is another",
    ["/homes/x", "/home/x"],
    [own("/home"), kept("/homes")],
  ],
])("%s", (_, paths, folders) => {
  const files = paths.map((path) => ({ path, content: "" }));
  expect(fileFolders({ files, ownFolders: ["/home"] })).toEqual(folders);
});
