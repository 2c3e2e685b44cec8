// ws on Node: a set of sockets for a room, and a loop, as its documentation has it.
const { WebSocketServer, WebSocket } = require("ws");

const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  console.log(server.address().port);
});

server.on("connection", (socket, request) => {
  socket.on("error", () => {});
  if (!request.url.startsWith("/room/")) {
    socket.on("message", (data, binary) => socket.send(data, { binary }));
    return;
  }
  const name = request.url.slice(6);
  const room = rooms.get(name) ?? new Set();
  rooms.set(name, room);
  room.add(socket);
  socket.on("close", () => room.delete(socket));
  socket.on("message", (data, binary) => {
    for (const member of room) {
      if (member.readyState === WebSocket.OPEN) member.send(data, { binary });
    }
  });
});
