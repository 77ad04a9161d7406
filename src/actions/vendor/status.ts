import { z } from 'zod';
import { OpsError } from '../../errors.ts';
import { boundedText } from '../../world/bounded-text.ts';
import { type Vendor, vendorNames, vendors } from '../../world/vendor-status.ts';
import { type ActionContext, check, type Summary } from '../action.ts';
import { durationSchema } from '../duration.ts';
import { headlineWidth, toWidth, wrapText } from '../http/text-columns.ts';
import { readAwsEvents } from './read-aws-events.ts';
import { readStatuspage } from './read-statuspage.ts';
import { ageInWords, incidentSchema, severities, severityInWords } from './report.ts';

const inputSchema = z.strictObject({
  vendors: z
    .array(z.enum(vendors))
    .min(1)
    .default([...vendors])
    .describe('whom to ask; the environment says which of their components matter'),
  within: durationSchema.default(4_000).describe('the time box of each vendor’s page; a page that is late is missing'),
});

const vendorSchema = z.strictObject({
  vendor: z.enum(vendors),
  reachable: z.boolean(),
  missing: z.string().describe('why nothing could be read; empty when it could'),
  says: z.enum(severities).describe('the worst of the components that matter, and of the incidents about them'),
  asOf: z.string().nullable().describe('when the vendor last changed what it says; null where it does not tell'),
  ageMs: z.number().nullable().describe('how old that was, by this machine’s clock'),
  components: z.array(z.strictObject({ name: z.string(), state: z.enum(severities) })),
  incidents: z.array(incidentSchema).describe('open ones that concern these components, or name none'),
  notes: z.array(z.string()),
});

const outputSchema = z.strictObject({
  vendors: z.array(vendorSchema),
  missing: z.array(z.enum(vendors)).describe('whose word could not be had'),
});

type Input = z.output<typeof inputSchema>;
type Output = z.output<typeof outputSchema>;
type VendorOutput = z.output<typeof vendorSchema>;

/** What matters when the environment does not say. */
const usualComponents: Readonly<Record<Vendor, readonly string[]>> = {
  cloudflare: ['CDN/Cache', 'Authoritative DNS', 'API'],
  aws: ['cloudfront', 'route53'],
};

const readers = { cloudflare: readStatuspage, aws: readAwsEvents } as const;

/**
 * Reads what vendors say of themselves in public. It lags (on 18 November 2025 the first word came eighteen minutes after the first failures)
 * and it can be down together with what it reports on, so it is evidence beside other evidence and never a gate: a page that is down, late
 * or unreadable is found missing, and the step succeeds.
 */
export const vendorStatus = check<Input, Output>({
  name: 'vendor.status',
  summary: 'Read what Cloudflare and AWS say of themselves in public; a page that cannot be read is told as missing',
  input: inputSchema,
  output: outputSchema,
  async run(input, ctx) {
    const asked = [...new Set(input.vendors)];
    const found = await Promise.all(asked.map((vendor) => askVendor(vendor, input.within, ctx)));
    return { vendors: found, missing: found.filter(({ reachable }) => !reachable).map(({ vendor }) => vendor) };
  },
  summarise,
});

async function askVendor(vendor: Vendor, withinMs: number, ctx: ActionContext): Promise<VendorOutput> {
  const box = ctx.clock.timeBox(withinMs);
  const missing = (why: string): VendorOutput => ({
    ...{ vendor, reachable: false, missing: boundedText(why, 160), says: 'unknown', asOf: null, ageMs: null },
    ...{ components: [], incidents: [], notes: [] },
  });
  try {
    const page = await ctx.clients.vendorStatus(vendor);
    const document = await page.read(AbortSignal.any([ctx.signal, box.signal]));
    const names = ctx.env.vendors?.[vendor]?.components ?? usualComponents[vendor];
    const report = readers[vendor](document, names);
    if (report === undefined) return missing('the answer is not of the shape that its page is known to have');
    const ageMs = report.asOf === null ? null : Math.max(0, ctx.clock.now() - Date.parse(report.asOf));
    return { vendor, reachable: true, missing: '', ...report, ageMs };
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (box.signal.aborted) return missing(`no answer within ${withinMs / 1_000} s`);
    if (error instanceof OpsError && ['not-sent', 'lost-answer', 'refused'].includes(error.code)) {
      return missing(error.message);
    }
    throw error;
  } finally {
    box.cancel();
  }
}

function summarise({ vendors: found }: Output): Summary {
  const headline = found.map((each) =>
    each.reachable
      ? `${vendorNames[each.vendor]} says ${severityInWords(each.says)}`
      : `${vendorNames[each.vendor]}: missing`,
  );
  return {
    headline: toWidth(headline.join('; '), headlineWidth).trimEnd(),
    detail: found.flatMap((each) => [
      ...wrapText(describeVendor(each)),
      ...each.incidents.flatMap(({ title, impact }) => wrapText(`- ${impact}: ${title}`)),
      ...each.notes.flatMap((note) => wrapText(`note: ${note}`, '      ')),
    ]),
  };
}

function describeVendor({ vendor, reachable, missing, says, ageMs, components }: VendorOutput): string {
  const name = vendorNames[vendor];
  if (!reachable) return `${name}: missing: ${missing}`;
  const affected = components.filter(({ state }) => state !== 'none').map((each) => `${each.name} ${each.state}`);
  const which = affected.length === 0 ? '' : ` (${affected.join(', ')})`;
  return `${name} says ${severityInWords(says)}${which}${ageMs === null ? '' : `, last changed ${ageInWords(ageMs)} ago`}`;
}
