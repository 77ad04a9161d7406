import { formatDuration } from './duration.ts';
import type { ActionStep, Expression, InputSpec, Runbook, Step, Template } from './runbook.ts';

const width = 80;

/** The runbook as a person would brief it: plain text, lines of at most 80 characters. */
export function showRunbook(runbook: Runbook): string[] {
  const inputs = Object.entries(runbook.inputs);
  return [
    ...wrap(`${runbook.name}: ${runbook.title}`, 0),
    ...(runbook.description === undefined ? [] : ['', ...wrap(runbook.description.trim(), 0)]),
    '',
    ...wrap(`Promises: ${describeObjective(runbook)}`, 0, 10),
    ...(runbook.lock === undefined
      ? []
      : wrap(
          `Holds: ${templateText(runbook.lock)}, one run at a time${runbook.lockWhen === undefined ? '' : `, when ${runbook.lockWhen.source}`}`,
          0,
          7,
        )),
    ...(runbook.suites.length === 0 ? [] : wrap(`Uses the suites: ${runbook.suites.join(', ')}`, 0, 17)),
    ...(inputs.length === 0 ? [] : ['', 'It asks for', ...inputs.flatMap(([name, input]) => showInput(name, input))]),
    '',
    'Steps, in order',
    ...showSteps(runbook.steps, 2, ''),
  ];
}

function describeObjective({ objective }: Runbook): string {
  const parts = [
    objective?.switchedWithinMs === undefined ? [] : [`switched within ${formatDuration(objective.switchedWithinMs)}`],
    objective?.recoveredWithinMs === undefined
      ? []
      : [`recovered within ${formatDuration(objective.recoveredWithinMs)}`],
  ].flat();
  return parts.length === 0 ? 'no time' : `${parts.join(', ')}, counted from go`;
}

function showInput(name: string, input: InputSpec): string[] {
  const need = input.required
    ? 'required'
    : input.default === undefined
      ? 'may be left out'
      : `${input.type === 'duration' ? formatDuration(Number(input.default)) : input.default} unless given`;
  const choice = input.oneOf === undefined ? input.type : `one of ${input.oneOf.join(', ')}`;
  const words = input.prompt ?? input.description;
  return wrap(`--${name} (${choice}; ${need})${words === undefined ? '' : `: ${words}`}`, 2, 4);
}

function showSteps(steps: readonly Step[], indent: number, prefix: string): string[] {
  return steps.flatMap((step, index) => showStep(step, indent, `${prefix}${index + 1}`));
}

function showStep(step: Step, indent: number, number: string): string[] {
  const label = `${number}. `;
  const inner = indent + label.length;
  const head = (text: string) => wrap(`${label}${text}`, indent, label.length);
  const facts = (lines: readonly string[]) => lines.flatMap((line) => wrap(line, inner, 2));
  if (step.kind === 'action') {
    return [
      ...head(`${step.title} [${step.id}: ${step.uses}]`),
      ...facts([...withFacts(step), ...commonFacts(step), ...actionFacts(step)]),
    ];
  }
  const title = step.kind === 'parallel' ? 'together' : 'the first that works';
  const isNamed = step.title !== 'Together' && step.title !== 'The first that works';
  return [
    ...head(isNamed ? `${step.title} [${step.id}] (${title}):` : `${title[0]?.toUpperCase()}${title.slice(1)}:`),
    ...facts(commonFacts(step)),
    ...showSteps(step.steps, inner, `${number}.`),
  ];
}

function withFacts(step: ActionStep): string[] {
  const { with: template } = step;
  const entries =
    template.kind === 'map' ? Object.entries(template.entries).map(([name, entry]) => [name, templateText(entry)]) : [];
  const literal = template.kind === 'literal' && typeof template.value === 'object' && template.value !== null;
  const values = literal
    ? Object.entries(template.value ?? {}).map(([name, value]) => [name, plainText(value)])
    : entries;
  const line = values.map(([name, value]) => `${name} ${value}`).join(', ');
  if (line.length <= 60) return line === '' ? [] : [line];
  return values.map(([name, value]) => `${name}: ${value}`);
}

function commonFacts(step: Step): string[] {
  return [
    ...(step.when === undefined ? [] : [`only when ${conditionText(step.when)}`]),
    ...(step.expect === undefined ? [] : [`must find: ${conditionText(step.expect)}`]),
    ...confirmFacts(step),
    ...approvalFacts(step),
    ...(step.optional ? ['optional: never blocks and never fails the run'] : []),
    ...(step.onFailure === undefined ? [] : [`when it fails: ${failureWords[step.onFailure]}`]),
  ];
}

const failureWords = {
  stop: 'the run stops, and what was changed stays',
  rollback: 'what was changed is rolled back',
  ask: 'the operator decides',
  continue: 'the run goes on',
} as const;

function confirmFacts(step: Step): string[] {
  if (step.confirm === undefined) return [];
  if (step.confirm.kind === 'typed') return [`asks first: the operator types ${templateText(step.confirm.phrase)}`];
  return [
    step.confirm.message === undefined ? 'asks first: yes or no' : `asks first: ${templateText(step.confirm.message)}`,
  ];
}

function approvalFacts({ approvals }: Step): string[] {
  if (approvals === undefined) return [];
  const { count, from, withinMs, when } = approvals;
  const who = from === undefined ? 'whom the environment names' : templateText(from).replaceAll(' ', ', ');
  const people = count === 1 ? '1 other person approves' : `${count} other people approve`;
  const condition = when === undefined ? '' : `, only when ${conditionText(when)}`;
  return [`waits until ${people} the plan (${who}), at most ${formatDuration(withinMs)}${condition}`];
}

function actionFacts(step: ActionStep): string[] {
  return [
    ...(step.timeoutMs === undefined ? [] : [`at most ${formatDuration(step.timeoutMs)}`]),
    ...(step.retry === undefined
      ? []
      : [`tried up to ${step.retry.attempts} times, ${formatDuration(step.retry.everyMs)} apart`]),
    ...(step.rollback === 'none' ? ['a rollback leaves it as it is'] : []),
  ];
}

function conditionText(expression: Expression): string {
  return expression.source.replace(/\s+/g, ' ').trim();
}

/** A template as written, in short. */
function templateText(template: Template): string {
  switch (template.kind) {
    case 'literal':
      return plainText(template.value);
    case 'expression':
      return expressionText(template.expression.source);
    case 'text':
      return template.parts.map((part) => (typeof part === 'string' ? part : expressionText(part.source))).join('');
    case 'list':
      return template.items.map(templateText).join(' ');
    case 'map':
      return Object.entries(template.entries)
        .map(([name, entry]) => `${name} ${templateText(entry)}`)
        .join(' ');
  }
}

/** An expression as written. No-break spaces keep its marks with it when lines are wrapped. */
function expressionText(source: string): string {
  return `\${{\u00A0${source}\u00A0}}`;
}

function plainText(value: unknown): string {
  if (Array.isArray(value)) return value.map(plainText).join(' ');
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value)
      .map(([name, inner]) => `${name} ${plainText(inner)}`)
      .join(' ');
  }
  return String(value).replace(/\s+/g, ' ').trim();
}

/** Wraps at spaces; words longer than the line are cut. Lines after the first are indented by `hang` more. */
function wrap(text: string, indent: number, hang = 0): string[] {
  const lines: string[] = [];
  let line = '';
  const room = () => Math.max(20, width - indent - (lines.length === 0 ? 0 : hang));
  for (const word of text.split(/[ \t\r\n]+/).filter((part) => part !== '')) {
    let rest = word;
    if (line !== '' && line.length + 1 + rest.length > room()) {
      lines.push(line);
      line = '';
    }
    while (line === '' && rest.length > room()) {
      lines.push(rest.slice(0, room()));
      rest = rest.slice(room());
    }
    line = line === '' ? rest : `${line} ${rest}`;
  }
  if (line !== '') lines.push(line);
  return lines.map((part, index) => {
    const margin = ' '.repeat(indent + (index === 0 ? 0 : hang));
    return `${margin}${part.replaceAll('\u00A0', ' ')}`;
  });
}
