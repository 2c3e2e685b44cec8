// Socket.IO on Node.
const http = require("node:http");
const { Server } = require("socket.io");

const server = http.createServer();
const io = new Server(server, { transports: ["websocket"] });

io.on("connection", (socket) => {
  const { room } = socket.handshake.query;
  if (room) {
    socket.join(room);
    socket.on("m", (text) => io.to(room).emit("m", text));
  } else {
    socket.on("m", (text) => socket.emit("m", text));
  }
});

server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => console.log(server.address().port));
