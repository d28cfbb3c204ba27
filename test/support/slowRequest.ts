/** A write whose client takes as long as the test wants: it holds back the end of its body. */
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";

export interface SlowRequest {
  /** Sends the rest. @returns The answer's status. */
  finish: () => Promise<number | undefined>;
}

/** Begins it. @param url Where POST creates a row, as the sample's `/api/budgets`. */
export async function slowRequest(url: string): Promise<SlowRequest> {
  const body = JSON.stringify({ name: "slow", amountCents: 1 });
  const sent = request(url, {
    agent: new Agent(),
    method: "POST",
    headers: { "Content-Length": Buffer.byteLength(body) },
  });
  const answer = once(sent, "response") as Promise<[IncomingMessage]>;
  // Nobody waits for it before the rest is sent.
  answer.catch(() => {});
  const [socket] = await once(sent, "socket");
  sent.write(body.slice(0, 5));
  await once(socket, "connect");
  return {
    finish: async () => {
      sent.end(body.slice(5));
      const [message] = await answer;
      message.resume();
      return message.statusCode;
    },
  };
}
