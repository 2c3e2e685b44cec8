// The same in a terminal, with Node 22 or later: node node.mjs http://127.0.0.1:8787 Mina

import { createInterface } from "node:readline";
import { signIn, Topic } from "./trunkline.mjs";

const [server = "http://127.0.0.1:8787", name = "Mina"] = process.argv.slice(2);
const tell = {
  status: (word) => console.log(`-- ${word}`),
  event: (event) => event?.type === "said" && console.log(`${event.author.name}: ${event.text}`),
  gap: (gap) => console.log(`-- missed ${gap.count || "some"} messages (${gap.cause})`),
};

const room = new Topic(server, "chat:lobby", await signIn(server, name), (kind, what) => tell[kind](what));
for await (const text of createInterface({ input: process.stdin })) {
  await room.publish({ type: "say", text }).catch((error) => console.log(`-- not said: ${error.message}`));
}
room.close();
