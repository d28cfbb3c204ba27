import { expect, it } from "vitest";
import { parseHolders } from "../../../lib/docker/ports.ts";

it("reads who holds which port from docker ps", () => {
  const text = [
    "dev\tagatha-dev-back\t127.0.0.1:8000->8000/tcp",
    "\tproxy\t0.0.0.0:80->80/tcp, [::]:80->80/tcp, 443/tcp",
    "\trange\t0.0.0.0:7000-7002->7000-7002/tcp",
    "\tnone\t",
  ].join("\n");
  expect(parseHolders(text)).toEqual([
    { stack: "dev", name: "agatha-dev-back", ports: [{ address: "127.0.0.1", port: 8000 }] },
    {
      stack: "",
      name: "proxy",
      ports: [
        { address: "0.0.0.0", port: 80 },
        { address: "[::]", port: 80 },
      ],
    },
    { stack: "", name: "range", ports: [7000, 7001, 7002].map((port) => ({ address: "0.0.0.0", port })) },
    { stack: "", name: "none", ports: [] },
  ]);
});
