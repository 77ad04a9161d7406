// `node test/bench/verify.cjs [RECORDS]`: how fast the built program verifies a log (a million entries unless told), in
// how much memory, and whether it names the first bad entry when one byte is changed. Run by hand; needs `npm run build`.
// Exits with 1 where a bar is missed: the best of three does 250,000 entries in a second of processor time, each in 64 MiB.
'use strict';
const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const records = Number(process.argv[2] ?? 1_000_000);
const root = mkdtempSync(join(tmpdir(), 'resend-ops-bench-'));
const segmentBytes = 64 * 1024 * 1024;
const bin = join(__dirname, '../../bin/resend-ops.js');

/** Writes the log; answers its head, and where a byte in the middle of entry `marked` lies. */
function writeLog(audit, marked) {
  mkdirSync(audit, { recursive: true });
  let [prev, segment, offset, fd, place] = ['0'.repeat(64), 0, segmentBytes, undefined, undefined];
  for (let seq = 1, pending = ''; seq <= records; seq += 1) {
    if (offset >= segmentBytes) {
      if (fd !== undefined) closeSync(fd);
      segment += 1;
      fd = openSync(join(audit, `${String(segment).padStart(8, '0')}.jsonl`), 'w', 0o600);
      offset = 0;
    }
    const body = `{"seq":${seq},"time":"2026-11-18T11:48:00.000Z","run":"20261118-114800-abcd","epoch":1,"type":"step-started","actor":{"user":"alice","host":"laptop"},"step":"step-${seq}","title":"The standby serves every critical request","uses":"http.check","prev":"${prev}"`;
    prev = createHash('sha256').update(body).digest('hex');
    const line = `${body},"hash":"${prev}"}\n`;
    if (seq === marked) place = { segment, offset: offset + 150 };
    offset += line.length;
    pending += line;
    if (pending.length > 1 << 20 || offset >= segmentBytes || seq === records) {
      writeSync(fd, pending);
      pending = '';
    }
  }
  closeSync(fd);
  return { head: `${records}:${prev}`, place };
}

/** The program on one core, where the system can pin it; its peak memory as the kernel counted it. */
function verify(head) {
  const report = join(root, 'peak');
  const preload = join(root, 'peak.cjs');
  const tell = 'JSON.stringify(process.resourceUsage())';
  writeFileSync(
    preload,
    `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(report)}, ${tell}));`,
  );
  const args = ['--require', preload, bin, 'audit', 'verify', '--state-dir', root, '--head', head];
  const hasTaskset = spawnSync('taskset', ['-V']).error === undefined;
  const began = process.hrtime.bigint();
  const done = hasTaskset
    ? spawnSync('taskset', ['-c', '0', process.execPath, ...args], { encoding: 'utf8' })
    : spawnSync(process.execPath, args, { encoding: 'utf8' });
  const ms = Number(process.hrtime.bigint() - began) / 1e6;
  const usage = JSON.parse(readFileSync(report, 'utf8'));
  const cpuMs = (usage.userCPUTime + usage.systemCPUTime) / 1000;
  return {
    code: done.status,
    says: (done.stdout + done.stderr).trim().split('\n')[0],
    ms,
    cpuMs,
    peakMb: usage.maxRSS / 1024,
  };
}

try {
  const marked = Math.ceil(records * 0.7);
  const audit = join(root, 'audit');
  const { head, place } = writeLog(audit, marked);
  const rate = (took) => Math.round((records / took) * 1000);
  const rates = [];
  const peaks = [];
  for (let turn = 1; turn <= 3; turn += 1) {
    const { code, says, ms, cpuMs, peakMb } = verify(head);
    rates.push(rate(cpuMs));
    peaks.push(peakMb);
    // On a machine with other work the processor time is what can be compared.
    console.log(
      `exit ${code}, ${Math.round(ms)} ms: ${rate(ms)} entries/s (${rate(cpuMs)} a second of processor time), peak ${peakMb.toFixed(1)} MiB: ${says}`,
    );
  }
  const isFast = Math.max(...rates) >= 250_000;
  const isSmall = Math.max(...peaks) <= 64;
  console.log(`>= 250,000 entries/s: ${isFast ? 'kept' : 'MISSED'}; <= 64 MiB: ${isSmall ? 'kept' : 'MISSED'}`);
  if (!isFast || !isSmall) process.exitCode = 1;
  const fd = openSync(join(audit, `${String(place.segment).padStart(8, '0')}.jsonl`), 'r+');
  writeSync(fd, '#', place.offset);
  closeSync(fd);
  const { code, says } = verify(head);
  console.log(`entry ${marked} changed: exit ${code}: ${says}`);
  if (code !== 7 || !says.includes(`entry ${marked}:`)) process.exitCode = 1;
} finally {
  rmSync(root, { recursive: true, force: true });
}
