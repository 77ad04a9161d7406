// What a durable step costs Node at the least: two hash-chained lines of some 400 bytes a step, each one write and one
// fdatasync. Usage: node floor.js FILE STEPS
import { createHash } from 'node:crypto';
import { fdatasyncSync, openSync, writeSync } from 'node:fs';

const [, , file, steps] = process.argv;
const descriptor = openSync(file, 'a', 0o600);
const filling = 'x'.repeat(180);
let prev = '0'.repeat(64);
for (let seq = 1; seq <= 2 * Number(steps); seq += 1) {
  const time = new Date().toISOString();
  const body = JSON.stringify({ seq, time, run: 'floor', type: 'step', filling, prev }).slice(0, -1);
  prev = createHash('sha256').update(body).digest('hex');
  writeSync(descriptor, `${body},"hash":"${prev}"}\n`);
  fdatasyncSync(descriptor);
}
