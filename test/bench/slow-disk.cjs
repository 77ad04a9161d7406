// Loaded into a measured process with --require: every sync takes SYNC_MS milliseconds at the least, as on a disk that
// does not answer from a cache. The sync itself is made as ever.
'use strict';
const fs = require('node:fs');
const { syncBuiltinESMExports } = require('node:module');

const leastMs = Number(process.env.SYNC_MS);
const nothing = new Int32Array(new SharedArrayBuffer(4));
for (const name of ['fdatasyncSync', 'fsyncSync']) {
  const sync = fs[name];
  fs[name] = (descriptor) => {
    const end = performance.now() + leastMs;
    sync(descriptor);
    const left = end - performance.now();
    // Rounded down by the system's timer, if at all: the rest is waited for awake.
    if (left > 0.1) Atomics.wait(nothing, 0, 0, left - 0.1);
    while (performance.now() < end);
  };
}
syncBuiltinESMExports();
