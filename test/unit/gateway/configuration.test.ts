import { describe, expect, it } from "vitest";
import { type GatewayPlan, gatewayConfiguration, gatewayPorts } from "../../../lib/gateway/configuration.ts";

const health = { path: "/health", statuses: [200, 204], interval: "5s" };
const plan: GatewayPlan = {
  back: { port: 8000, health },
  front: { port: 5173, health: { ...health, path: "/", statuses: [200] } },
  requestLimit: 100,
  memory: 128,
  site: undefined,
};

/** The lines of a section, without indentation. */
function section(head: string, of: GatewayPlan = plan): string[] {
  const found = gatewayConfiguration(of)
    .split("\n\n")
    .find((text) => text.startsWith(`${head}\n`));
  return (
    found
      ?.split("\n")
      .slice(1)
      .map((line) => line.trim()) ?? []
  );
}
const binds = (head: string, of?: GatewayPlan) =>
  section(head, of).filter((line) => line.startsWith("bind "));

describe("the listeners", () => {
  it("are one for each service inside the network, and one for what is published", () => {
    expect(binds("frontend to-back")).toEqual(["bind :8441", "bind :8000"]);
    expect(binds("frontend to-front")).toEqual(["bind :8442", "bind :5173"]);
    expect(section("frontend inside")).toEqual([]);
    expect(section("frontend https")).toEqual([]);
  });

  it("are one for both inside the network if both have one port; what is published does not go by name", () => {
    const same = { ...plan, front: { ...plan.front, port: 8000 } };
    expect(binds("frontend to-back", same)).toEqual(["bind :8441"]);
    expect(binds("frontend to-front", same)).toEqual(["bind :8442"]);
    expect(section("frontend inside", same)).toEqual(
      expect.arrayContaining([
        "bind :8000",
        "use_backend back if { req.hdr(host),host_only -i agatha-back }",
      ]),
    );
  });

  it("never share a port, whatever the services' are", () => {
    for (const back of [80, 443, 8441, 8442, 8443, 8444])
      for (const front of [8441, 8442, 8443, 8444, 8445]) {
        const ports = Object.values(gatewayPorts({ back: { port: back }, front: { port: front } }));
        expect(new Set([...ports, back, front]).size).toBe(back === front ? 5 : 6);
      }
  });
});

describe("tasks in a swarm", () => {
  const tasks = { ...plan, back: { ...plan.back, tasks: "tasks.agatha-a-back" } };

  it("are found by docker's DNS, as many as a service has at most and some more", () => {
    const lines = section("backend back", tasks);
    expect(lines).toContain("server-template task 1-24 tasks.agatha-a-back:8000");
    expect(lines.join()).not.toContain("server blue");
    const [defaults] = lines.filter((line) => line.startsWith("default-server"));
    expect(defaults).toMatch(/ resolvers tasks resolve-prefer ipv4 init-addr none$/);
    // What tells the two apart is only where a server's address comes from.
    const rest = (all: string[]) =>
      all.filter((line) => !/server(-template)? /.test(line) || / none /.test(line));
    expect(rest(lines)).toEqual(rest(section("backend back")));
  });

  it("leave docker's DNS 2 s before they end, which is noticed before; long answers are taken", () => {
    const lines = section("resolvers tasks", tasks);
    expect(lines).toEqual(
      expect.arrayContaining(["timeout resolve 300ms", "hold obsolete 0s", "accepted_payload_size 8192"]),
    );
    expect(section("resolvers tasks")).toEqual([]);
  });
});

describe("the domain", () => {
  const site = { domain: "app.test", backPaths: ["/api/", "/"] };

  it("sends whole segments of the paths to the back", () => {
    expect(
      section("frontend https", { ...plan, site }).filter((line) => line.startsWith("use_backend")),
    ).toEqual([
      "use_backend back if { path -m str -- /api }",
      "use_backend back if { path -m beg -- /api/ }",
      "use_backend back if { path -m beg -- / }",
    ]);
  });
});

describe("the slots", () => {
  it("ask the service's own health path, at least every 2 s", () => {
    const back = section("backend back");
    expect(back).toContain("http-check expect status 200,204");
    expect(back.join("\n")).toMatch(/uri \/health ver .*\n.*\n.* check inter 2s /);
    const often = { ...plan, back: { ...plan.back, health: { ...health, interval: "500ms" } } };
    expect(section("backend back", often).join("\n")).toContain(" check inter 1s ");
  });

  it("take any health path as one word", () => {
    const odd = { ...plan, back: { ...plan.back, health: { ...health, path: `/a"b'c\\d#e` } } };
    expect(section("backend back", odd).join("\n")).toContain(`uri /a\\"b\\'c\\\\d\\#e ver`);
  });
});
