import { describe, expect, it } from "vitest";
import { parseSlots } from "../../../lib/gateway/slots.ts";

/** HAProxy 2.6's answer to `show servers state back`. */
const state = (...servers: string[]) =>
  [
    "1",
    "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port",
    ...servers,
    "3 back 3 none 127.0.0.1 2 0 1 1 9 1 0 1 0 0 0 0 - 1 - 0 0 - - 0",
  ].join("\n");
const server = (name: string, flags: number, fqdn: string) =>
  `3 back 1 ${name} 172.18.0.3 2 ${flags} 1 1 90 1 0 3 6 0 0 0 ${fqdn} 8000 - 0 0 - - 0`;

/** Some columns of its answer to `show stat back 4 -1`; 3.x has more. */
const STAT = [
  "# pxname,svname,qcur,qmax,scur,smax,status,check_status,check_code,last_chk,",
  "back,blue,0,0,3,9,UP,L7OK,200,,",
  "back,green,0,0,0,9,MAINT,,,,",
  "back,none,0,0,0,9,no check,,,,",
].join("\n");

describe("the slots of a gateway", () => {
  it("are what HAProxy says of them, without the server that refuses", () => {
    const answers = [state(server("blue", 4, "3919021bd068"), server("green", 5, "nothing")), STAT];
    const both = { address: "172.18.0.3:8000", sinceSeconds: 90 };
    expect(parseSlots("back", answers)).toEqual([
      {
        ...{ server: "blue", container: "3919021bd068", state: "ready", up: true },
        ...{ sessions: 3, status: "UP L7OK", ...both },
      },
      {
        ...{ server: "green", container: undefined, state: "maint", up: false },
        ...{ sessions: 0, status: "MAINT", ...both },
      },
    ]);
  });

  // srv_admin_state is a sum: 1 maintenance, 4 disabled at the start, 8 drain, 32 no address, 64 another name.
  it.each([
    [0, "ready"],
    [4, "ready"],
    [68, "ready"],
    [8, "drain"],
    [12, "drain"],
    [76, "drain"],
    [1, "maint"],
    [5, "maint"],
    [37, "maint"],
    [9, "maint"],
  ])("are in the state of their flags: %i is %s", (flags, expected) => {
    const [slot] = parseSlots("back", [state(server("blue", flags, "3919021bd068")), STAT]);
    expect(slot?.state).toBe(expected);
  });

  it.each([
    ["UP", true],
    ["UP 1/3", true],
    ["DRAIN", true],
    ["DOWN", false],
    ["DOWN 1/2", false],
    ["MAINT (resolution)", false],
  ])("are up by their status: %s", (status, up) => {
    const stat = STAT.replace(",UP,", `,${status},`);
    expect(parseSlots("back", [state(server("blue", 4, "3919021bd068")), stat])[0]?.up).toBe(up);
  });

  it("have to be there", () => {
    expect(() => parseSlots("back", ["Can't find backend.", "Unknown proxy."])).toThrow(
      "gateway: it has no slots of back. It says: Can't find backend.",
    );
    expect(() => parseSlots("back", [])).toThrow("It says: nothing");
  });
});
