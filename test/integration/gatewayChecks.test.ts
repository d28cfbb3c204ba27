/** What the gateway asks a service again and again: what the service answers that was healthy to its own probe. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ask } from "../../lib/gateway/runtime.ts";
import { slots } from "../../lib/gateway/slots.ts";
import { GatewayStand, PLAN } from "../support/gatewayStand.ts";

let stand: GatewayStand;
beforeAll(async () => {
  stand = await GatewayStand.make();
  await stand.start();
});
afterAll(() => stand?.remove());

/** Longer than three failing checks take, in milliseconds. */
const CHECKS_MS = 4000;

const slotOf = async (container: string) =>
  (await slots(stand.gateway, "back")).find((one) => one.container === container);

async function expectServed(container: string): Promise<void> {
  await stand.route(container);
  await sleep(CHECKS_MS);
  expect((await (await fetch(stand.back)).text()).split(" ")[0]).toBe(container);
  expect(await slotOf(container)).toMatchObject({ state: "ready", up: true });
}

it("is asked by the name of the probe: a service may refuse others", async () => {
  await expectServed(await stand.service({ ONLY_HOST: "127.0.0.1" }));
});

it("is not asked of a version that answers something else, until the gateway asks for that", async () => {
  const container = await stand.service({ ABSENT: "/health" }, "/ready 200");
  await expectServed(container);
  await stand.crash();
  await expect.poll(async () => (await slotOf(container))?.status, { timeout: 20_000 }).toBe("no check");
  await expectServed(container);

  await stand.start({ ...PLAN, back: { ...PLAN.back, health: { ...PLAN.back.health, path: "/ready" } } });
  await stand.route(container);
  await ask(stand.gateway, [`disable health back/${(await slotOf(container))?.server}`]);
  await expectServed(container);
  expect((await slotOf(container))?.status).toMatch(/^UP L7OK/);
});
