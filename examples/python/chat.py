"""Talks in #lobby: python chat.py http://127.0.0.1:8787 Mina (needs the package `websockets`)."""
import asyncio, json, random, sys, threading, urllib.request
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

SERVER, NAME = sys.argv[1:] if len(sys.argv) == 3 else ("http://127.0.0.1:8787", "Mina")
AGAIN = [1001, 1006, 1011, 1012, 1013, *range(4000, 4300)]  # close codes after which to connect again
http = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())  # keeps the guest's cookie

def post(path, **body):
    request = urllib.request.Request(SERVER + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.load(http.open(request, timeout=10))

class Lobby:
    position, topic_id, attempt = None, None, 0  # the last event that is here; the topic on this connection
    sender, counter, waiting = random.randrange(2**53), 0, {}  # commands without an answer, by number

    async def run(self):
        while True:
            try:
                async with connect(SERVER.replace("http", "ws", 1) + "/ws", subprotocols=["trunkline.v1.json"]) as self.socket:
                    token = (await asyncio.to_thread(post, "/auth/token"))["token"]
                    await self.send(type="connect", version=1, token=token, agent="chat.py", subscriptions=[self.wish()])
                    async for message in self.socket:
                        await self.handle(json.loads(message))
            except (OSError, WebSocketException):
                pass  # the line is lost, or nobody listens
            if hasattr(self, "socket") and (self.socket.close_code or 1006) not in AGAIN:
                return print(f"-- closed by the server: {self.socket.close_code} {self.socket.close_reason}")
            self.topic_id, self.attempt = None, self.attempt + 1
            await asyncio.sleep(random.random() * min(30, 0.25 * 2**self.attempt))

    async def send(self, **frame):
        await self.socket.send(json.dumps(frame))

    def wish(self):  # what came after the last event, or the newest twenty
        start = {"type": "after", **self.position} if self.position else {"type": "newest", "count": 20}
        return {"id": 0, "topic": "chat:lobby", "start": start}

    async def say(self, text):
        self.counter += 1
        self.waiting[self.counter] = text
        if self.topic_id is not None:
            await self.publish(self.counter)

    async def publish(self, number):
        command = {"type": "say", "text": self.waiting[number]}
        message_id = {"sender": self.sender, "counter": number}
        try:
            await self.send(type="publish", id=number, message_id=message_id, topic="chat:lobby", command=command)
        except ConnectionClosed:
            pass  # it waits, and goes out again under its old id: it is taken once

    async def handle(self, frame):
        match frame["type"]:
            case "subscribed":
                self.position, self.topic_id, self.attempt = frame["position"], frame["topic_id"], 0
                print("-- recovered" if frame["recovered"] else "-- live", flush=True)
                for publication in frame["publications"]:
                    self.take(publication)
                for number in list(self.waiting):
                    await self.publish(number)
            case "publication" if frame["topic_id"] == self.topic_id and not self.take(frame):
                await self.send(type="subscribe", **self.wish())  # a hole: ask for what is missing
            case "gap" if frame["topic_id"] == self.topic_id:
                self.position["offset"] = max(self.position["offset"], frame["gap"]["to"])
            case "ping":
                await self.send(type="pong")
                if any(it["topic_id"] == self.topic_id and it["offset"] > self.position["offset"] for it in frame["heads"]):
                    await self.send(type="subscribe", **self.wish())  # the last events were lost on the way
            case "published" | "refused":
                self.waiting.pop(frame["id"], None)

    def take(self, publication):  # false where something is missing before it
        here, offset, event = self.position["offset"], publication["offset"], publication["event"]
        if offset > here and offset - publication["step"] != here:
            return False
        if offset > here:
            self.position["offset"] = offset
            if event and event["type"] == "said":
                print(f"{event['author']['name']}: {event['text']}", flush=True)
        return True

async def main():
    post("/auth/guest", name=NAME)
    lobby, loop = Lobby(), asyncio.get_running_loop()
    read = lambda: [asyncio.run_coroutine_threadsafe(lobby.say(line.strip()), loop) for line in sys.stdin]
    threading.Thread(target=read, daemon=True).start()
    await lobby.run()

asyncio.run(main())
