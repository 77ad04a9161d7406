/** A test that is to notice a defect: a file, and which of its tests (a part of the name, as a regular expression). */
export type Catcher = {
  file: string;
  named: string;
  /** It starts the built program, so that the defect must be built in. */
  builds: boolean;
};

/** A mistake as somebody could make it, put into the sources on purpose. */
export type Defect = {
  name: string;
  /** What would go wrong because of it. */
  harm: string;
  /** Each text must stand in its file exactly once, and is replaced. */
  edits: readonly { file: string; find: string; replace: string }[];
  caughtBy: Catcher;
  /** Tried in every run of the tests, not only in a full attack. */
  always?: true;
};

const order: Catcher = {
  file: 'test/attack/order.test.ts',
  named: 'no write leaves before its intent',
  builds: true,
};
const frozen: Catcher = { file: 'test/attack/one-driver.test.ts', named: 'frozen, taken over and woken', builds: true };
const identities: Catcher = { file: 'test/attack/one-driver.test.ts', named: 'a recycled pid', builds: true };
const killed: Catcher = { file: 'test/attack/kill-matrix.test.ts', named: 'SIGKILL at a sample', builds: true };
const lateSwitch: Catcher = { file: 'test/attack/late-and-lost.test.ts', named: 'a switch that is late', builds: true };
const lateRevert: Catcher = { file: 'test/attack/late-and-lost.test.ts', named: 'a revert that is late', builds: true };
const disk: Catcher = { file: 'test/attack/audit-first.test.ts', named: 'every act of a', builds: true };
const secrets: Catcher = { file: 'test/attack/secrets.test.ts', named: 'no sink of the program', builds: true };
const hostile: Catcher = { file: 'test/attack/hostile-text.test.ts', named: 'what the journal says', builds: true };
const inProcess = (file: string, named: string): Catcher => ({ file, named, builds: false });

/** The mistakes, each with the test that has to notice it. */
export const defects: readonly Defect[] = [
  {
    name: 'no sync',
    harm: 'after a power cut the log does not know of a write that left',
    edits: [{ file: 'src/journal/segment-writer.ts', find: '        if (sync) fdatasyncSync(fd);\n', replace: '' }],
    caughtBy: order,
  },
  {
    name: 'sync after the act',
    harm: 'the intent is on disk only with its result, so a crash in between leaves a write that nobody knows of',
    edits: [{ file: 'src/engine/session.ts', find: "  'change-intended',\n", replace: '' }],
    caughtBy: order,
  },
  {
    name: 'directory sync lost',
    harm: 'after a power cut the log’s file may be gone, with all that was synced into it',
    edits: [{ file: 'src/journal/durable-file.ts', find: '    fsyncSync(fd);\n', replace: '' }],
    caughtBy: order,
  },
  {
    name: 'intent not written',
    harm: 'a crash leaves a write in the world that no log names',
    edits: [
      {
        file: 'src/engine/change-step.ts',
        find: "  await session.record({\n    type: 'change-intended',",
        replace: "  Object.freeze({\n    type: 'change-intended',",
      },
    ],
    caughtBy: order,
  },
  {
    name: 'epoch not checked',
    harm: 'a driver that was replaced while it slept goes on writing',
    edits: [
      {
        file: 'src/journal/driving.ts',
        find: '  if (known.epoch > epoch) {',
        replace: '  if (known.epoch > epoch && known.epoch < 0) {',
      },
    ],
    caughtBy: frozen,
  },
  {
    name: 'epoch checked before the connection only',
    harm: 'a driver that was replaced while it connected sends its write',
    edits: [
      {
        file: 'src/world/https-fetch.ts',
        find: '    // Asked again now that the way is open: a process that was frozen while it connected may have been replaced.\n    if (write) await assertMayWrite(means.access(), what, means.attemptTimeoutMs);\n',
        replace: '',
      },
    ],
    caughtBy: inProcess('test/world/https-fetch.test.ts', 'replaced while it connects sends nothing'),
  },
  {
    name: 'epoch checked after the key',
    harm: 'a driver that was replaced finds its key taken, and believes that its own step succeeded',
    edits: [
      {
        file: 'src/journal/lease.ts',
        find: '        assertDriving();\n        const before = key === undefined ? undefined : keyed.find(key);\n        return before ??',
        replace:
          '        const before = key === undefined ? undefined : keyed.find(key);\n        if (before === undefined) assertDriving();\n        return before ??',
      },
    ],
    caughtBy: inProcess('test/journal/file-store.test.ts', 'the epoch is looked at before the key'),
    always: true,
  },
  {
    name: 'claim by time',
    harm: 'a dead driver’s run cannot be taken over for a while, and a living one’s can',
    edits: [
      {
        file: 'src/journal/driving.ts',
        find: "!driver.released && ask(driver.process) !== 'dead'",
        replace: '!driver.released && Date.now() - Date.parse(driver.since) < 30_000',
      },
    ],
    caughtBy: identities,
  },
  {
    name: 'in-doubt retried',
    harm: 'a write whose answer was lost is sent again',
    edits: [
      {
        file: 'src/actions/cloudflare/call-cloudflare.ts',
        find: "    throw cloudflareError(error, what, 'write');",
        replace: '    return await write(client);',
      },
    ],
    caughtBy: lateSwitch,
  },
  {
    name: 'in-doubt taken for not done',
    harm: 'the next way is taken while the first may still land',
    edits: [{ file: 'src/engine/settle.ts', find: "proven: answer !== 'lost'", replace: 'proven: true' }],
    caughtBy: lateSwitch,
  },
  {
    name: 'in-doubt planned anew after a crash',
    harm: 'what became of the first write is never looked at, and the log never says',
    edits: [
      {
        file: 'src/engine/change-step.ts',
        find: 'if (change === null || isGone(change)) return undefined;',
        replace: "if (change === null || isGone(change) || change.status !== 'applied') return undefined;",
      },
    ],
    caughtBy: killed,
  },
  {
    name: 'revert without observe',
    harm: 'a rollback is told as verified, and nobody has looked',
    edits: [
      {
        file: 'src/engine/rollback.ts',
        find: "    if (now === 'before') {\n      await session.record({ type: 'change-reverted', step });",
        replace: "    if (now !== undefined) {\n      await session.record({ type: 'change-reverted', step });",
      },
    ],
    caughtBy: inProcess('test/engine/run.test.ts', 'a failed revert does not stop the others'),
  },
  {
    name: 'revert given up at its error',
    harm: 'a revert that was answered with an error, and done, is told as failed',
    edits: [
      {
        file: 'src/engine/rollback.ts',
        find: '    trouble = error;\n  }\n  await verifyReverted(session, step.id, action, planned, trouble);',
        replace:
          "    return await failed(session, step.id, error, 'unobservable');\n  }\n  await verifyReverted(session, step.id, action, planned, trouble);",
      },
    ],
    caughtBy: lateRevert,
  },
  {
    name: 'mask skipped',
    harm: 'secrets are kept in the log and shown',
    edits: [
      {
        file: 'src/journal/redact.ts',
        find: '  const text = (value: string) => {\n',
        replace: '  const text = (value: string) => {\n    if (value !== undefined) return value;\n',
      },
    ],
    caughtBy: secrets,
  },
  {
    name: 'head not written',
    harm: 'a log whose end was cut off verifies',
    edits: [{ file: 'src/journal/log-writer.ts', find: '    if (sync) anchor(entry, evidence);\n', replace: '' }],
    caughtBy: inProcess('test/journal/file-store.test.ts', 'there is nothing but what the format names'),
  },
  {
    name: 'head written before the entry is durable',
    harm: 'after a power cut the head names an entry that is not there: an honest log looks cut',
    edits: [
      {
        file: 'src/journal/log-writer.ts',
        find: '    if (sync) anchor(entry, evidence);\n',
        replace: '    anchor(entry, evidence);\n',
      },
    ],
    caughtBy: killed,
  },
  {
    name: 'a failed sync passed over',
    harm: 'writes go on though nobody knows what the log’s disk holds',
    edits: [
      {
        file: 'src/journal/segment-writer.ts',
        find: '        cutBack(fd, view.place.offset);\n        return { ok: false, cause };',
        replace: '        if (cause !== undefined) return { ok: true };',
      },
    ],
    caughtBy: disk,
  },
  {
    name: 'dry-run guard off',
    harm: 'a faulty plan writes to the world, in a dry run too',
    edits: [
      {
        file: 'src/world/access.ts',
        find: "    throw new OpsError('write-blocked',",
        replace: "    if (what !== '') return;\n    throw new OpsError('write-blocked',",
      },
    ],
    caughtBy: inProcess('test/world/https-fetch.test.ts', 'blocks a write in read-only access'),
    always: true,
  },
  {
    name: 'dry run applied',
    harm: 'a dry run changes the world',
    edits: [
      {
        file: 'src/engine/change-step.ts',
        find: "  if (session.state.mode === 'dry-run') {\n    await foreseeRefusal",
        replace: "  if (session.state.mode === 'rehearsal') {\n    await foreseeRefusal",
      },
    ],
    caughtBy: inProcess('test/engine/run.test.ts', 'dry run: checks run'),
  },
  {
    name: 'verdict from headers alone',
    harm: 'a provider’s own error page passes for an answer of the API, and nobody is blamed',
    edits: [
      {
        file: 'src/actions/http/judge-answer.ts',
        find: '    : (objectionToSource(request, answer, answeredBy) ?? objectionToContent(request, answer, answeredBy, env));',
        replace: '    : undefined;',
      },
    ],
    caughtBy: inProcess('test/actions/http/compare.test.ts', 'blames the provider when only its path fails'),
  },
  {
    name: 'shared socket between routes',
    harm: 'a route is judged by what came over another',
    edits: [
      {
        file: 'src/world/prober.ts',
        find: '    tls = await handshake(tcp, {\n',
        replace: '    tls = kept.get(request.hostname);\n    tls ??= await handshake(tcp, {\n',
      },
      {
        file: 'src/world/prober.ts',
        find: '    timings.tlsMs = elapsedMs();\n',
        replace: '    kept.set(request.hostname, tls);\n    timings.tlsMs = elapsedMs();\n',
      },
      { file: 'src/world/prober.ts', find: '    if (tls !== undefined) discard(tls);\n', replace: '' },
      {
        file: 'src/world/prober.ts',
        find: 'async function runProbe(\n',
        replace: 'const kept = new Map<string, TLSSocket>();\nasync function runProbe(\n',
      },
      {
        file: 'src/world/exchange.ts',
        find: '{ host: request.hostname };',
        replace: "{ host: request.hostname, connection: 'keep-alive' };",
      },
    ],
    caughtBy: inProcess('test/world/prober.test.ts', 'never shares a socket'),
  },
  {
    name: 'compare-and-set skipped',
    harm: 'what somebody else changed meanwhile is written over',
    edits: [
      { file: 'src/actions/cloudflare/set-load-balancer.ts', find: '    assertUnchanged(now, before);\n', replace: '' },
    ],
    caughtBy: inProcess('test/actions/cloudflare/set-load-balancer.test.ts', 'drift: someone switched meanwhile'),
  },
  {
    name: 'sanitiser off',
    harm: 'what a provider says moves the cursor of the operator’s terminal',
    edits: [
      {
        file: 'src/cli/terminal/sanitise.ts',
        find: "  return makeVisible(text.replaceAll('\\t', '  '));",
        replace: "  return text.replaceAll('\\t', '  ');",
      },
    ],
    caughtBy: hostile,
  },
  {
    name: 'link to the line before not checked',
    harm: 'a line can be removed or moved, and the log still verifies',
    edits: [
      {
        file: 'src/journal/check-line.ts',
        find: '  if (!holds(bytes, prevAt + beforePrev.length, hashAt - 1, prev)) {',
        replace: '  if (prev === undefined) {',
      },
    ],
    caughtBy: inProcess('test/attack/tampering.test.ts', 'a chain hashed anew from any entry on'),
  },
  {
    name: 'torn tail cut off without a copy',
    harm: 'what a crash left, which may be evidence, is destroyed',
    edits: [
      {
        file: 'src/journal/repair-tail.ts',
        find: '  copyFileSync(file, `${file}.broken-${copy}`, constants.COPYFILE_EXCL);\n  onDescriptor(`${file}.broken-${copy}`, fsyncSync);\n',
        replace: '',
      },
    ],
    caughtBy: inProcess('test/attack/tampering.test.ts', 'cut anywhere, then written to'),
  },
  {
    name: 'append lock robbed from a living holder',
    harm: 'two processes append at once, and the chain breaks',
    edits: [
      {
        file: 'src/journal/append-lock.ts',
        find: "  return holder !== undefined && isAlive(holder) === 'dead';",
        replace: '  return holder !== undefined;',
      },
    ],
    caughtBy: inProcess('test/journal/append-lock.test.ts', 'a living holder is waited for'),
  },
];
