"""Lets the Python example read a line on which events are missing; prints what it sends and says."""
import asyncio, json, pathlib, sys

import chat

class Line:
    def __init__(self, frames):
        self.frames = iter(frames)

    async def send(self, text):
        frame = json.loads(text)
        start = frame.get("start") or frame.get("subscriptions", [{}])[0].get("start")
        print("sent", frame["type"], start["type"] if start else "", start.get("offset", "") if start else "", flush=True)

    def __aiter__(self):
        return self

    async def __anext__(self):
        for frame in self.frames:
            return json.dumps(frame)
        raise StopAsyncIteration

frames = json.loads(pathlib.Path(sys.argv[1]).read_text())
asyncio.run(chat.talk(Line(frames), "token"))
