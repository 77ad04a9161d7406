// Loaded into the program under attack with `NODE_OPTIONS=--require`: numbers every act by which it touches its files
// or the network, and at a chosen one kills the process, or lets the system's answer be an error. The acts themselves
// stay the system's. `FAILPOINTS` holds the orders as JSON:
//   trace: FILE                        a line of JSON for every act, when it begins and when it has returned
//   kill: { at, when }                 SIGKILL at act number `at`, 'before' or 'after' it is done; or, with `text` in
//                                      place of `at`, at the first act that writes or sends that
//   stop: { at, when }                 SIGSTOP likewise
//   fail: { code, ops, path, at, for } the error `code` at the `at`-th (from 1) of the acts `ops` on files whose path
//                                      holds `path`; `for` is 'once' or 'ever'. The code SHORT writes half the bytes.
'use strict';
const fs = require('node:fs');
const net = require('node:net');
const dgram = require('node:dgram');
const dns = require('node:dns');

const orders = JSON.parse(process.env.FAILPOINTS ?? '{}');
const original = { openSync: fs.openSync, writeSync: fs.writeSync };
const traceFd = orders.trace === undefined ? undefined : original.openSync(orders.trace, 'a', 0o600);
const paths = new Map();
let acts = 0;
let matched = 0;

function note(line) {
  if (traceFd !== undefined) original.writeSync(traceFd, `${JSON.stringify(line)}\n`);
}

function signalAt(order, signal, n, when, detail) {
  if (order === undefined || order.when !== when) return;
  if (order.text === undefined ? order.at !== n : !detail.text?.includes(order.text)) return;
  process.kill(process.pid, signal);
  // The signal has been taken before the system call returned; a stopped process goes on here once it is woken.
}

/** Whether the system is to refuse this act. */
function refuses(op, path) {
  const { fail } = orders;
  if (fail === undefined || !fail.ops.includes(op) || !String(path).includes(fail.path)) return false;
  matched += 1;
  return fail.for === 'ever' ? matched >= fail.at : matched === fail.at;
}

function systemError(op, path) {
  const error = new Error(`${orders.fail.code}: put in, ${op} '${path}'`);
  return Object.assign(error, { errno: -5, code: orders.fail.code, syscall: op, path });
}

/** Does an act under its number. */
function act(op, path, detail, doIt) {
  acts += 1;
  const n = acts;
  note({ n, at: 'begin', op, path, ...detail });
  signalAt(orders.kill, 'SIGKILL', n, 'before', detail);
  signalAt(orders.stop, 'SIGSTOP', n, 'before', detail);
  if (refuses(op, path) && orders.fail.code !== 'SHORT') {
    note({ n, at: 'refused', op, path, ...detail });
    throw systemError(op, path);
  }
  const result = doIt();
  note({ n, at: 'end', op, path, ...(typeof result === 'number' ? { result } : {}) });
  signalAt(orders.kill, 'SIGKILL', n, 'after', detail);
  signalAt(orders.stop, 'SIGSTOP', n, 'after', detail);
  return result;
}

fs.openSync = (path, flags = 'r', ...rest) => {
  const creates = typeof flags === 'number' ? (flags & fs.constants.O_CREAT) !== 0 : /[wa]/.test(flags);
  const open = () => original.openSync(path, flags, ...rest);
  const fd = creates ? act('open', path, {}, open) : open();
  paths.set(fd, String(path));
  return fd;
};

fs.writeSync = (fd, data, ...rest) => {
  const path = paths.get(fd) ?? `fd ${fd}`;
  if (orders.fail?.code === 'SHORT' && Buffer.isBuffer(data) && refuses('write', path)) {
    const [offset = 0, length = data.length - offset] = rest;
    return act('write', path, {}, () => original.writeSync(fd, data, offset, Math.max(1, Math.floor(length / 2))));
  }
  return act('write', path, { text: String(data).slice(0, 4096) }, () => original.writeSync(fd, data, ...rest));
};

const byDescriptor = { fdatasyncSync: 'fdatasync', fsyncSync: 'fsync', ftruncateSync: 'ftruncate' };
for (const [name, op] of Object.entries(byDescriptor)) {
  const real = fs[name];
  fs[name] = (fd, ...rest) => act(op, paths.get(fd) ?? `fd ${fd}`, {}, () => real(fd, ...rest));
}

const byPath = {
  renameSync: 'rename',
  linkSync: 'link',
  unlinkSync: 'unlink',
  mkdirSync: 'mkdir',
  copyFileSync: 'copy',
  writeFileSync: 'write-file',
  rmSync: 'rm',
};
for (const [name, op] of Object.entries(byPath)) {
  const real = fs[name];
  fs[name] = (path, ...rest) =>
    act(op, path, typeof rest[0] === 'string' ? { to: rest[0] } : {}, () => real(path, ...rest));
}

const { connect, _writeGeneric: writeGeneric } = net.Socket.prototype;
net.Socket.prototype.connect = function (...args) {
  const [first] = Array.isArray(args[0]) ? args[0] : args;
  const to =
    typeof first === 'object' && first !== null
      ? `${first.host ?? first.path ?? ''}:${first.port ?? ''}`
      : String(first);
  return act('connect', to, {}, () => connect.apply(this, args));
};
net.Socket.prototype._writeGeneric = function (writev, data, encoding, done) {
  const isPrinted = this === process.stdout || this === process.stderr;
  const first = writev ? data[0]?.chunk : data;
  const text = (Buffer.isBuffer(first) ? first.toString('latin1') : String(first)).slice(0, 200);
  const peer = isPrinted ? 'terminal' : `${this._host ?? this.remoteAddress ?? ''}:${this.remotePort ?? ''}`;
  return act(isPrinted ? 'print' : 'send', peer, { text }, () => writeGeneric.call(this, writev, data, encoding, done));
};

const { send, connect: connectDatagrams } = dgram.Socket.prototype;
dgram.Socket.prototype.connect = function (port, address, ...rest) {
  return act('connect', `${address}:${port}`, {}, () => connectDatagrams.call(this, port, address, ...rest));
};
for (const [from, name] of [
  [dns, 'lookup'],
  [dns.promises, 'lookup'],
]) {
  const real = from[name];
  from[name] = (host, ...rest) => act('lookup', host, {}, () => real.call(from, host, ...rest));
}
dgram.Socket.prototype.send = function (...args) {
  return act('send', 'udp', {}, () => send.apply(this, args));
};
