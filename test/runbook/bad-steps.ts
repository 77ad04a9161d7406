/** Runbooks with something wrong in their steps or head (line 2; steps begin on line 4), and all that is said of it. */
export const badSteps: readonly { name: string; head?: string; steps: readonly string[]; says: readonly string[] }[] = [
  {
    name: 'unknown key',
    steps: ['  - { id: a, uses: test.look, timout: 5s }'],
    says: ['4:31: unknown key "timout" in item 1 of "steps"; did you mean "timeout"?'],
  },
  {
    name: 'unknown key far',
    steps: ['  - { id: a, uses: test.look, zebra: 5s }'],
    says: [
      '4:31: unknown key "zebra" in item 1 of "steps"; use one of: title, when, expect, confirm, approvals, optional, on-failure, with, timeout, retry, rollback, parallel, first-of',
    ],
  },
  {
    name: 'wrong type timeout',
    steps: ['  - { id: a, uses: test.look, timeout: 5 }'],
    says: ['4:40: "timeout" is the number 5; give a duration such as 250ms, 5s, 10m or 1h (the step’s time box)'],
  },
  {
    name: 'bad duration',
    steps: ['  - { id: a, uses: test.look, timeout: 5sec }'],
    says: [
      '4:40: "timeout" cannot be the text "5sec"; give a duration such as 250ms, 5s, 10m or 1h (the step’s time box)',
    ],
  },
  {
    name: 'zero timeout',
    steps: ['  - { id: a, uses: test.look, timeout: 0s }'],
    says: ['4:40: the time box is 0; give it some time, such as 10s'],
  },
  {
    name: 'unknown action',
    steps: ['  - { id: a, uses: test.lok }'],
    says: ['4:20: there is no action "test.lok"; did you mean "test.look"?'],
  },
  {
    name: 'missing id',
    steps: ['  - { uses: test.look }'],
    says: ['4:5: the step has no id; add one, such as id: check-standby'],
  },
  {
    name: 'bad id',
    steps: ['  - { id: Bad_Id, uses: test.look }'],
    says: [
      '4:11: "id" cannot be the text "Bad_Id"; give lower-case letters and digits, parted by dashes (unique in the runbook; later steps read steps.ID.outputs)',
    ],
  },
  {
    name: 'dup id',
    steps: ['  - { id: a, uses: test.look }', '  - parallel:', '      - { id: a, uses: test.look }'],
    says: ['6:15: the id "a" is already used on line 4; give each step its own id'],
  },
  {
    name: 'does nothing',
    steps: ['  - { id: a, title: x }'],
    says: ['4:5: the step does nothing; add uses, parallel or first-of'],
  },
  {
    name: 'with unknown key',
    steps: ['  - id: a', '    uses: test.look', '    with: { ruote: edge }'],
    says: ['6:13: unknown key "ruote"; did you mean "route"?'],
  },
  {
    name: 'with wrong type',
    steps: ['  - id: a', '    uses: test.look', '    with: { rounds: many }'],
    says: ['6:21: "rounds" is the text "many"; give a number'],
  },
  {
    name: 'with out of range',
    steps: ['  - id: a', '    uses: test.look', '    with: { rounds: 10 }'],
    says: ['6:21: "rounds" is 10; give at most 9'],
  },
  {
    name: 'with enum',
    steps: ['  - id: a', '    uses: test.look', '    with: { mode: fst }'],
    says: ['6:19: "mode" cannot be the text "fst"; did you mean "fast"?'],
  },
  {
    name: 'with missing',
    steps: ['  - { id: a, uses: test.set }'],
    says: ['4:5: test.set needs "value" in with; add it'],
  },
  {
    name: 'with expr type',
    head: 'inputs: { n: { type: number, default: 1 } }',
    steps: ['  - id: a', '    uses: test.look', "    with: { deep: { on: '${{ inputs.n }}' } }"],
    says: ['6:25: "on" is a number; give true or false'],
  },
  {
    name: 'with list not map',
    steps: ['  - { id: a, uses: test.look, with: [1] }'],
    says: ['4:37: "with" is a list; give a map of keys (the action’s input; text may hold ${{ expressions }})'],
  },
  {
    name: 'unknown route',
    steps: ['  - { id: a, uses: test.look, with: { route: fallbak } }'],
    says: ['4:46: the environment has no route "fallbak"; did you mean "fallback"?'],
  },
  {
    name: 'unknown route in routes',
    steps: ['  - { id: a, uses: test.look, with: { routes: [edge, orgin] } }'],
    says: ['4:54: the environment has no route "orgin"; use one of: edge, edge-canary, fallback'],
  },
  {
    name: 'missing suite',
    steps: ['  - { id: a, uses: test.look, with: { suite: critcal } }'],
    says: ['4:46: there is no suite "critcal"; did you mean "critical"?'],
  },
  {
    name: 'suite by expr',
    steps: ["  - { id: a, uses: test.look, with: { suite: '${{ env.hostname }}' } }"],
    says: ['4:46: the suite is named by an expression; write its name: suites are loaded before the run starts'],
  },
  {
    name: 'proof unknown',
    steps: ['  - { id: a, uses: test.set, with: { value: 1, proof: { uses: test.lock } } }'],
    says: ['4:63: there is no action "test.lock"; did you mean "test.look"?'],
  },
  {
    name: 'proof change',
    steps: ['  - { id: a, uses: test.set, with: { value: 1, proof: { uses: test.set } } }'],
    says: ['4:63: test.set changes things and cannot be a proof; use one of: test.look'],
  },
  {
    name: 'proof with',
    steps: [
      '  - { id: a, uses: test.set, with: { value: 1, proof: { uses: test.look, with: { rute: x, suite: nope } } } }',
    ],
    says: ['4:82: unknown key "rute"; did you mean "route"?', '4:98: there is no suite "nope"; use one of: critical'],
  },
  {
    name: 'missing step',
    steps: ['  - { id: first, uses: test.look }', '  - { id: b, uses: test.look, when: steps.frist.outputs.ok }'],
    says: ['5:43: there is no step "frist"; did you mean "first"?'],
  },
  {
    name: 'later step',
    steps: ['  - { id: a, uses: test.look, when: steps.b.outputs.ok }', '  - { id: b, uses: test.look }'],
    says: ['4:43: b comes later than this step; read an earlier step, or move this step after it'],
  },
  {
    name: 'own step',
    steps: ['  - { id: a, uses: test.look, expect: steps.a.outputs.ok }'],
    says: ['4:45: a reads its own outputs as a step; write outputs.… in expect; before it has run it has none'],
  },
  {
    name: 'own outputs in when',
    steps: ['  - { id: a, uses: test.look, when: outputs.ok }'],
    says: ['4:37: outputs are there only in expect, when the step has run; read an earlier step: steps.ID.outputs'],
  },
  {
    name: 'sibling',
    steps: [
      '  - parallel:',
      '      - { id: a, uses: test.look }',
      '      - { id: b, uses: test.look, when: steps.a.outputs.ok }',
    ],
    says: ['6:47: a runs at the same time as this step; move one of them out of the parallel group'],
  },
  {
    name: 'group not ended',
    steps: [
      '  - id: g',
      '    first-of:',
      "      - { id: a, uses: test.set, with: { value: '${{ steps.g.outputs.by }}' } }",
    ],
    says: ['6:60: the group g has not ended while its own steps run; read a step before the group'],
  },
  {
    name: 'parallel outputs',
    steps: [
      '  - id: g',
      '    parallel: [{ id: a, uses: test.look }]',
      '  - { id: b, uses: test.look, when: steps.g.outputs.ok }',
    ],
    says: ['6:43: the parallel group g has no outputs of its own; read the outputs of one of its steps'],
  },
  {
    name: 'alternative from outside',
    steps: [
      '  - id: g',
      '    first-of: [{ id: a, uses: test.set, with: { value: 1 } }]',
      "  - { id: b, uses: test.look, when: steps.a.outputs.change-id == '' }",
    ],
    says: ['6:43: a is an alternative of g and may not have been used; read steps.g.outputs.by to learn which was'],
  },
  {
    name: 'other alternative',
    steps: [
      '  - id: g',
      '    first-of:',
      '      - { id: a, uses: test.set, with: { value: 1 } }',
      "      - { id: b, uses: test.set, with: { value: '${{ steps.a.outputs.change-id }}' } }",
    ],
    says: ['7:60: a is another alternative of g: it has not been applied; read a step before the group'],
  },
  {
    name: 'optional read',
    steps: [
      '  - { id: a, uses: test.look, optional: true }',
      '  - { id: b, uses: test.look, expect: steps.a.outputs.ok }',
    ],
    says: [
      '5:45: a is optional and may have no outputs; make this step optional or give it a when, or read another step',
    ],
  },
  {
    name: 'conditional read',
    steps: [
      "  - { id: a, uses: test.look, when: run.mode == 'live' }",
      '  - { id: b, uses: test.look, expect: steps.a.outputs.ok }',
    ],
    says: [
      '5:45: a has a condition (when) and may have no outputs; make this step optional or give it a when, or read another step',
    ],
  },
  {
    name: 'optional check and conditional step that are asked about first',
    steps: [
      '  - { id: a, uses: test.look, optional: true }',
      "  - { id: b, uses: test.set, when: run.mode == 'live', with: { value: x } }",
      '  - { id: c, uses: test.look, with: { routes: "${{ has(steps.a.outputs) ? steps.a.outputs.names : [] }}" } }',
      '  - { id: d, uses: test.look, when: has(steps.b.outputs) && steps.b.outputs.change-id != "x" }',
      '  - { id: e, uses: test.look, when: has(steps.a.outputs.note) && has(steps.a.outputs.verdct) }',
    ],
    says: ['8:86: steps.a.outputs has no "verdct"; did you mean "verdict"?'],
  },
  {
    name: 'optional change that is asked about: nobody waits for it',
    steps: [
      '  - { id: a, uses: test.set, optional: true, with: { value: x } }',
      '  - { id: b, uses: test.look, expect: has(steps.a.outputs) }',
    ],
    says: [
      '5:49: a is optional and may have no outputs; make this step optional or give it a when, or read another step',
    ],
  },
  {
    name: 'unknown output',
    steps: [
      '  - { id: a, uses: test.look }',
      "  - { id: b, uses: test.look, when: steps.a.outputs.verdct == 'healthy' }",
    ],
    says: ['5:53: steps.a.outputs has no "verdct"; did you mean "verdict"?'],
  },
  {
    name: 'not outputs',
    steps: ['  - { id: a, uses: test.look }', '  - { id: b, uses: test.look, when: steps.a.output.ok }'],
    says: ['5:45: a step has only outputs; write steps.a.outputs'],
  },
  {
    name: 'never equal',
    steps: ["  - { id: a, uses: test.look, expect: outputs.verdict == 'provider-falt' }"],
    says: ['4:58: outputs.verdict is never "provider-falt"; did you mean "provider-fault"?'],
  },
  {
    name: 'never in',
    steps: ["  - { id: a, uses: test.look, expect: \"outputs.verdict in ['healthy', 'helthy']\" }"],
    says: ['4:71: outputs.verdict is never "helthy"; did you mean "healthy"?'],
  },
  {
    name: 'unknown root',
    steps: ['  - { id: a, uses: test.look, when: input.x }'],
    says: ['4:37: "input" is not known here; did you mean "inputs"?'],
  },
  {
    name: 'unquoted',
    steps: ['  - { id: a, uses: test.look, expect: outputs.verdict == healthy }'],
    says: ['4:58: "healthy" is not known here; put text in quotes, or use one of: inputs, env, steps, outputs, run'],
  },
  {
    name: 'unknown input',
    head: 'inputs: { reason: { type: string, required: true } }',
    steps: ["  - { id: a, uses: test.look, when: inputs.raeson != '' }"],
    says: ['4:44: inputs has no "raeson"; did you mean "reason"?'],
  },
  {
    name: 'unguarded input',
    head: 'inputs: { reason: { type: string } }',
    steps: ["  - { id: a, uses: test.look, when: inputs.reason != '' }"],
    says: [
      '4:44: the input "reason" may not be given, and has no default; give it a default, or ask first: has(inputs.reason)',
    ],
  },
  {
    name: 'env missing',
    steps: ["  - { id: a, uses: test.look, when: env.cloudflare.zone-id != '' }"],
    says: [
      '4:41: this environment has no env.cloudflare; add it to the environment, or ask first: has(env.cloudflare)',
    ],
  },
  {
    name: 'env route',
    steps: ["  - { id: a, uses: test.set, with: { value: '${{ env.routes.edge-canray.provider }}' } }"],
    says: ['4:61: env.routes has no "edge-canray"; did you mean "edge-canary"?'],
  },
  {
    name: 'minus',
    steps: ['  - { id: a, uses: test.look, expect: outputs.total-1 > 0 }'],
    says: ['4:47: outputs has no "total-1"; put spaces around the minus'],
  },
  {
    name: 'type mismatch',
    steps: ["  - { id: a, uses: test.look, expect: outputs.total == '3' }"],
    says: [
      '4:39: == does not work between a number and text; compare like with like; text stands in quotes, numbers do not',
    ],
  },
  {
    name: 'text plus number',
    steps: ['  - { id: a, uses: test.set, with: { value: "${{ \'n\' + 1 }}" } }'],
    says: ['4:50: + does not work between text and a number; turn the other into text with string(…)'],
  },
  {
    name: 'not boolean',
    steps: ['  - { id: a, uses: test.look, expect: outputs.total }'],
    says: ['4:39: the condition is not true or false; compare it, for example with == or >'],
  },
  {
    name: 'wrapped',
    steps: ["  - { id: a, uses: test.look, expect: '${{ outputs.ok }}' }"],
    says: ['4:39: the condition is wrapped in ${{ }}; write the expression bare'],
  },
  {
    name: 'unclosed',
    steps: ["  - { id: a, uses: test.set, with: { value: 'x ${{ run.id' } }"],
    says: ['4:48: the expression is not closed; close it with }}, and close the quotes in it'],
  },
  {
    name: 'syntax',
    steps: ['  - { id: a, uses: test.look, expect: outputs.total > }'],
    says: ['4:54: the expression ends too early; complete it'],
  },
  {
    name: 'syntax single =',
    steps: ['  - { id: a, uses: test.look, expect: outputs.total = 3 }'],
    says: ['4:53: the character "=" is not expected here; use && for and, || for or, == for equal; put text in quotes'],
  },
  {
    name: 'unknown function',
    steps: ["  - { id: a, uses: test.look, expect: lower(outputs.verdict) == 'x' }"],
    says: [
      '4:39: the function lower(…) does not exist, or not for what it is given; check its name, and the number and kind of its values',
    ],
  },
  {
    name: 'pattern',
    steps: ["  - { id: a, uses: test.look, expect: outputs.verdict.matches('(a') }"],
    says: ['4:63: the pattern of matches(…) is not understood: a ( is not closed; use the common syntax of RE2'],
  },
  {
    name: 'has on value',
    steps: ['  - { id: a, uses: test.look, expect: has(outputs) }'],
    says: ['4:43: has(…) asks about something that is not a key; write a key in it, such as has(inputs.reason)'],
  },
  {
    name: 'list key',
    steps: ['  - { id: a, uses: test.look, expect: outputs.results.ok }'],
    says: [
      '4:55: outputs.results is a list and has no key "ok"; take an item, such as [0], or loop with .all(…) or .exists(…)',
    ],
  },
  {
    name: 'list item key',
    steps: ["  - { id: a, uses: test.look, expect: 'outputs.results.all(r, r.okay)' }"],
    says: ['4:65: outputs.results[…] has no "okay"; use one of: id, ok, took-ms'],
  },
  {
    name: 'timestamp in with',
    steps: ['  - { id: a, uses: test.set, with: { value: "${{ timestamp(\'2024-01-01T00:00:00Z\') }}" } }'],
    says: ['4:50: the value is a timestamp, which cannot be written into a step; turn it into text with string(…)'],
  },
  {
    name: 'confirm on parallel',
    steps: ['  - confirm: true', '    parallel: [{ id: a, uses: test.look }]'],
    says: ['4:5: a parallel group cannot ask; put confirm on the step that needs it'],
  },
  {
    name: 'group with uses',
    steps: ['  - uses: test.look', '    timeout: 5s', '    parallel: [{ id: a, uses: test.look }]'],
    says: [
      '4:5: a parallel group has no uses; put it on the steps in the group',
      '5:5: a parallel group has no timeout; put it on the steps in the group',
    ],
  },
  {
    name: 'group expect',
    steps: ["  - expect: 'true'", '    parallel: [{ id: a, uses: test.look }]'],
    says: ['4:5: a parallel group has no expect; put it on the steps in the group'],
  },
  {
    name: 'check alternative',
    steps: ['  - first-of: [{ id: a, uses: test.look }]'],
    says: [
      '4:31: test.look only reads and is no alternative of a change; use a change, or put the check before the group',
    ],
  },
  {
    name: 'group alternative',
    steps: ['  - first-of: [{ parallel: [{ id: a, uses: test.look }] }]'],
    says: ['4:18: an alternative of first-of is a group; use a single step with a change'],
  },
  {
    name: 'both groups',
    steps: [
      '  - parallel: [{ id: a, uses: test.look }]',
      '    first-of: [{ id: b, uses: test.set, with: { value: 1 } }]',
    ],
    says: ['5:5: a step is both parallel and first-of; put one group inside the other'],
  },
  {
    name: 'empty group',
    steps: ['  - parallel: []'],
    says: ['4:15: "parallel" is too short; give at least 1 item'],
  },
  {
    name: 'double confirm',
    steps: ['  - confirm: true', '    first-of: [{ id: a, uses: test.set, with: { value: 1 }, confirm: true }]'],
    says: ['5:61: the group asks already; remove one of the two'],
  },
  {
    name: 'retry on change',
    steps: ['  - { id: a, uses: test.set, with: { value: 1 }, retry: { attempts: 3, every: 1s } }'],
    says: ['4:50: test.set is a change, and changes are never repeated blindly; remove retry'],
  },
  {
    name: 'retry wrong',
    steps: ['  - { id: a, uses: test.look, retry: 3 }'],
    says: ['4:38: "retry" is the number 3; give a map of keys (checks only; changes are never repeated blindly)'],
  },
  {
    name: 'retry few',
    steps: ['  - { id: a, uses: test.look, retry: { attempts: 1, every: 1s } }'],
    says: ['4:50: "attempts" is 1; give at least 2'],
  },
  {
    name: 'rollback on check',
    steps: ['  - { id: a, uses: test.look, rollback: none }'],
    says: ['4:31: test.look only reads, so there is nothing to roll back; remove rollback'],
  },
  {
    name: 'approvals',
    steps: ['  - { id: a, uses: test.set, with: { value: 1 }, approvals: 2 }'],
    says: [
      '4:61: "approvals" is the number 2; give a map of keys (changes only: people other than the one who runs agree to exactly this plan)',
    ],
  },
  {
    name: 'approvals of a check',
    steps: ['  - { id: a, uses: test.look, approvals: { count: 1, from: [ana] } }'],
    says: ['4:31: test.look only reads, so there is nothing to approve; put approvals on the change'],
  },
  {
    name: 'approvals beside the run',
    steps: ['  - { id: a, uses: test.set, with: { value: 1 }, optional: true, approvals: { from: [ana] } }'],
    says: ['4:66: an optional step runs in the background and cannot wait for people; remove approvals or optional'],
  },
  {
    name: 'approvals together',
    steps: [
      '  - id: a',
      '    approvals: { from: [ana] }',
      '    parallel:',
      '      - { id: b, uses: test.set, with: { value: 1 } }',
    ],
    says: ['5:5: a parallel group cannot wait for approvals; put approvals on the change that needs them'],
  },
  {
    name: 'approvals twice',
    steps: [
      '  - id: a',
      '    approvals: { from: [ana] }',
      '    first-of:',
      '      - { id: b, uses: test.set, with: { value: 1 }, approvals: { from: [bo] } }',
    ],
    says: ['7:54: the group waits for approvals already; remove one of the two'],
  },
  {
    name: 'approvals by too few',
    steps: ['  - { id: a, uses: test.set, with: { value: 1 }, approvals: { count: 2, from: [ana] } }'],
    says: ['4:79: 2 approvals are needed, and 1 may give one; name more, or ask for fewer'],
  },
  {
    name: 'approvals by one twice',
    steps: ['  - { id: a, uses: test.set, with: { value: 1 }, approvals: { from: [ana, ana] } }'],
    says: ['4:69: "ana" is listed twice; nobody counts twice: name each once'],
  },
  {
    name: 'approvals by one text',
    steps: ['  - { id: a, uses: test.set, with: { value: 1 }, approvals: { from: ana } }'],
    says: ['4:69: from is one text; list the names, or give one ${{ expression }} that is a list'],
  },
  {
    name: 'approvals in no time',
    steps: ['  - { id: a, uses: test.set, with: { value: 1 }, approvals: { from: [ana], within: 0s } }'],
    says: ['4:84: approvals are waited for 0s; give it some time, at most 24h'],
  },
  {
    name: 'approvals misspelt',
    steps: ['  - { id: a, uses: test.set, with: { value: 1 }, approvals: { form: [ana] } }'],
    says: ['4:63: unknown key "form" in "approvals"; did you mean "from"?'],
  },
  {
    name: 'optional on-failure',
    steps: ['  - { id: a, uses: test.look, optional: true, on-failure: stop }'],
    says: ['4:47: an optional step never fails the run, so on-failure has no effect; remove one of the two'],
  },
  {
    name: 'optional confirm',
    steps: ['  - { id: a, uses: test.look, optional: true, confirm: true }'],
    says: ['4:47: an optional step runs in the background and cannot ask; remove confirm or optional'],
  },
  {
    name: 'bad on-failure',
    steps: ['  - { id: a, uses: test.look, on-failure: rolback }'],
    says: ['4:43: "on-failure" cannot be the text "rolback"; did you mean "rollback"?'],
  },
  {
    name: 'confirm shape',
    steps: ['  - { id: a, uses: test.look, confirm: { typ: x } }'],
    says: [
      '4:40: the key "type" is missing; add it: the phrase that the operator types',
      '4:42: unknown key "typ" in "confirm"; did you mean "type"?',
    ],
  },
  {
    name: 'confirm false',
    steps: ['  - { id: a, uses: test.look, confirm: false }'],
    says: ['4:40: "confirm" cannot be false; give true, or text, or a map of keys'],
  },
  {
    name: 'confirm number phrase',
    steps: ["  - { id: a, uses: test.look, confirm: { type: '${{ 1 + 1 }}' } }"],
    says: ['4:48: the phrase is not text; turn it into text with string(…)'],
  },
  {
    name: 'title expr',
    steps: ["  - { id: a, uses: test.look, title: 'At ${{ run.id }}' }"],
    says: ['4:38: a title holds an expression; write plain text; titles are shown before anything is known'],
  },
  {
    name: 'input type',
    head: 'inputs: { n: { type: int } }',
    steps: ['  - { id: a, uses: test.look }'],
    says: ['2:22: "type" cannot be the text "int"; use one of: string, number, boolean, duration'],
  },
  {
    name: 'input default',
    head: 'inputs: { n: { type: number, default: five } }',
    steps: ['  - { id: a, uses: test.look }'],
    says: ['2:39: the default is the text "five"; give a number'],
  },
  {
    name: 'input duration default',
    head: 'inputs: { n: { type: duration, default: 5 } }',
    steps: ['  - { id: a, uses: test.look }'],
    says: ['2:41: the default is the number 5; give a duration such as 250ms, 5s, 10m or 1h'],
  },
  {
    name: 'input required default',
    head: 'inputs: { n: { type: string, required: true, default: x } }',
    steps: ['  - { id: a, uses: test.look }'],
    says: ['2:55: a required input has a default; remove one of the two'],
  },
  {
    name: 'input one-of',
    head: 'inputs: { n: { type: string, one-of: [red, blue], default: rad } }',
    steps: ['  - { id: a, uses: test.look }'],
    says: ['2:60: the default "rad" is not one of the values allowed; did you mean "red"?'],
  },
  {
    name: 'input reserved',
    head: 'inputs: { env: { type: string } }',
    steps: ['  - { id: a, uses: test.look }'],
    says: ['2:11: --env is already an option of every command; rename the input'],
  },
  {
    name: 'input name',
    head: 'inputs: { Reason: { type: string } }',
    steps: ['  - { id: a, uses: test.look }'],
    says: ['2:11: "Reason" cannot be a name here; use lower-case letters and digits, parted by dashes'],
  },
  {
    name: 'objective',
    head: 'objective: { switched-in: 5s, from: start }',
    steps: ['  - { id: a, uses: test.look }'],
    says: [
      '2:14: unknown key "switched-in" in "objective"; use one of: switched-within, recovered-within',
      '2:37: "from" cannot be the text "start"; write go',
    ],
  },
  {
    name: 'lock steps',
    head: "lock: 'x/${{ steps.a.outputs.ok }}'",
    steps: ['  - { id: a, uses: test.look }'],
    says: ['2:14: steps cannot be read here: none has run; use inputs, env or run'],
  },
  {
    name: 'lock when',
    head: "lock: { resource: 'x/${{ steps.a.outputs.ok }}', when: steps.a.outputs.ok }",
    steps: ['  - { id: a, uses: test.look }'],
    says: [
      '2:26: steps cannot be read here: none has run; use inputs, env or run',
      '2:56: steps cannot be read here: none has run; use inputs, env or run',
    ],
  },
  {
    name: 'lock when text',
    head: "lock: { resource: dns/x, when: '1 + 1' }",
    steps: ['  - { id: a, uses: test.look }'],
    says: ['2:32: the condition is not true or false; compare it, for example with == or >'],
  },
  {
    name: 'step text',
    steps: ['  - just text'],
    says: ['4:5: item 1 of "steps" is the text "just text"; give a map of keys'],
  },
  {
    name: 'block text',
    steps: ['  - id: a', '    uses: test.look', '    expect: >-', '      outputs.ok &&', '      outputs.totl > 1'],
    says: ['8:15: outputs has no "totl"; did you mean "total"?'],
  },
];
