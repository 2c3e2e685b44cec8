// Lets the JavaScript example read a line on which events are missing; prints what it sends and says.

import { readFileSync } from "node:fs";

const frames = JSON.parse(readFileSync(process.argv[2], "utf8"));

globalThis.WebSocket = class {
  static OPEN = 1;
  readyState = 1;
  constructor() {
    setTimeout(() => {
      this.onopen();
      for (const frame of frames) this.onmessage({ data: JSON.stringify(frame) });
      process.exit();
    });
  }
  send(text) {
    const { type, start, subscriptions } = JSON.parse(text);
    const from = start ?? subscriptions?.[0].start;
    console.log("sent", type, from?.type ?? "", from?.offset ?? "");
  }
};

const { Topic } = await import("../../examples/javascript/trunkline.mjs");
new Topic("http://nowhere", "chat:lobby", async () => "token", (kind, what) => {
  if (kind === "event") console.log(`${what.author.name}: ${what.text}`);
});
