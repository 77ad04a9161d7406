// Loaded into a measured process with --require: at its end writes to the file GAUGE how much memory it had at most
// (KiB), the processor's time that it took (ms), how many syncs it asked for, and where GAUGE_EVERY is set (and --expose-gc), what of the heap was in use after
// a collection at every so-manieth sync (KiB).
'use strict';
const fs = require('node:fs');

let syncs = 0;
const every = Number(process.env.GAUGE_EVERY ?? 0);
const heapKib = [];
for (const name of ['fdatasyncSync', 'fsyncSync']) {
  const sync = fs[name];
  fs[name] = (descriptor) => {
    syncs += 1;
    if (every > 0 && syncs % every === 0) {
      global.gc();
      heapKib.push(process.memoryUsage().heapUsed / 1024);
    }
    return sync(descriptor);
  };
}
process.on('exit', () => {
  const { maxRSS: rssKib, userCPUTime, systemCPUTime } = process.resourceUsage();
  const cpuMs = (userCPUTime + systemCPUTime) / 1000;
  fs.writeFileSync(process.env.GAUGE, JSON.stringify({ rssKib, cpuMs, syncs, heapKib }));
});
