/**
 * Every registration of the program, whole: type, name, inputs, which are secret, and options. What changes here may
 * replace what users have deployed. After a change that is meant: `npx vitest run --project=component -u recorded`.
 */
import { expect, it } from "vitest";
import { stringify } from "yaml";
import type { Request } from "../support/recorder.ts";
import { program } from "../support/stackProgram.ts";

const text = (requests: Record<string, Request>) =>
  stringify(requests, { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false });

/** Every key that changes what is registered, other than the default. */
const FULL = {
  "agatha:dockerHost": "ssh://deploy@docker.example",
  "agatha:keep": "3",
  "agatha:back":
    '{"port":8100,"publish":{"address":"0.0.0.0","port":8200},"properties":{"a":"b"},"env":{"TZ":"UTC"},"files":{"/etc/x.conf":{"text":"x"}},"stopSignal":"SIGINT","memory":300,"cpus":0.5}',
  "agatha:front": '{"files":{"config.js":{"text":"y"}},"publish":{"port":5200},"memory":64}',
  "agatha:database":
    '{"version":17,"name":"budget","user":"agatha","settings":{"work_mem":"8MB"},"publish":{"port":4321}}',
  "agatha:backups": '{"to":"ssh://backup@backup.example/backups","keep":9}',
  "agatha:registry": '{"address":"registry.example","username":"u","password":"registry-secret"}',
};

/** With what a swarm has beside the rest. */
const SWARM = {
  "agatha:target": "swarm",
  "agatha:back": '{"replicas":3,"placement":{"zone":"west"},"overlap":true}',
  "agatha:front": '{"replicas":2,"files":{"config.js":{"text":"y"}}}',
  "agatha:registry": '{"address":"registry.example","username":"u","password":"registry-secret"}',
};

const EXTERNAL = {
  "agatha:database":
    '{"name":"budget","user":"app","external":{"host":"db.example.org","port":6432,"ca":"-----BEGIN CERTIFICATE-----"}}',
};

it.each([
  ["default", {}],
  ["full", FULL],
  ["swarm", SWARM],
  ["external", EXTERNAL],
])("the %s stack is registered as recorded", async (name, config) => {
  const { requests } = await program(config);
  await expect(text(requests)).toMatchFileSnapshot(`recorded/${name}.yaml`);
});
