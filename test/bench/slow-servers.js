// Local servers that answer 50 ms late: HTTPS on 127.0.0.2 to 127.0.0.51 (one port), DNS over UDP on four ports, each in
// this process of its own. Usage: node slow-servers.js KEY CERTIFICATE; prints its ports as one JSON line.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import https from 'node:https';

const lateMs = 50;
const [, , key, cert] = process.argv;

const server = https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => {
  setTimeout(() => response.end('{"ok":true}'), lateMs);
});
server.listen(0, '0.0.0.0');
await once(server, 'listening');

/** A response to the same question with one A record, 192.0.2.1. */
function answerTo(query) {
  let end = 12;
  while (query[end] !== 0) end += query[end] + 1;
  const question = query.subarray(12, end + 5);
  const header = Buffer.from([query[0], query[1], 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
  return Buffer.concat([header, question, record]);
}

const resolvers = [];
for (let count = 0; count < 4; count += 1) {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    setTimeout(() => socket.send(answerTo(query), from.port, from.address), lateMs);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  resolvers.push(socket.address().port);
}
console.log(JSON.stringify({ https: server.address().port, resolvers }));
