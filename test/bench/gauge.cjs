// Loaded into a measured process with --require: at its end writes to the file GAUGE how much memory it had at most
// (KiB), and how many syncs it asked for.
'use strict';
const fs = require('node:fs');

let syncs = 0;
for (const name of ['fdatasyncSync', 'fsyncSync']) {
  const sync = fs[name];
  fs[name] = (descriptor) => {
    syncs += 1;
    return sync(descriptor);
  };
}
process.on('exit', () => {
  fs.writeFileSync(process.env.GAUGE, JSON.stringify({ rssKib: process.resourceUsage().maxRSS, syncs }));
});
