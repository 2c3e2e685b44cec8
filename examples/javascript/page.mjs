// The page: a name, a room, what is said in it.

import { signIn, Topic } from "./trunkline.mjs";

const element = (id) => document.getElementById(id);
const server = location.origin;
let room;

element("sign-in").onsubmit = async (submit) => {
  submit.preventDefault();
  try {
    const token = await signIn(server, element("name").value);
    element("sign-in").hidden = true;
    element("room").hidden = false;
    room = new Topic(server, "chat:lobby", token, (kind, what) => tell[kind](what));
    element("text").focus();
  } catch (error) {
    element("status").textContent = error.message;
  }
};

element("say").onsubmit = async (submit) => {
  submit.preventDefault();
  const text = element("text").value;
  element("text").value = "";
  try {
    await room.publish({ type: "say", text });
  } catch (error) {
    line("note", `not said: ${error.message}`);
  }
};

const tell = {
  status: (word) => (element("status").textContent = word),
  event: (event) => event?.type === "said" && line("said", `${event.author.name}: ${event.text}`),
  gap: (gap) => line("note", `missed ${gap.count || "some"} messages (${gap.cause})`),
};

function line(kind, text) {
  const item = document.createElement("li");
  item.className = kind;
  item.textContent = text;
  element("log").append(item);
  item.scrollIntoView({ block: "nearest" });
}
