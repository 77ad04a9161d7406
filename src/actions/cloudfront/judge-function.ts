import { acceptanceOf } from '../finding.ts';
import type { InspectFinding } from './finding.ts';
import type { FunctionStage } from './read-function.ts';

/** What is wrong with the function's stages. `expectedSha256` is that of the reviewed code. */
export function judgeFunction(
  name: string,
  stages: { live: FunctionStage | undefined; development: FunctionStage | undefined },
  expectedSha256: string | undefined,
): InspectFinding[] {
  const { live, development } = stages;
  const findings: InspectFinding[] = [];
  const add = (finding: Omit<InspectFinding, 'where'>) => findings.push({ ...finding, where: name });
  if (live === undefined) {
    add({
      id: 'cloudfront/function-not-live',
      severity: 'critical',
      breaks: 'nothing chooses the backend: where it is associated, requests are answered 503',
      remedy: 'publish the function, and associate it',
    });
    return findings;
  }
  if (live.runtime !== 'cloudfront-js-2.0') {
    add({
      id: 'cloudfront/function-runtime',
      severity: 'critical',
      breaks: `the runtime ${live.runtime} cannot choose an origin`,
      remedy: 'set the runtime to cloudfront-js-2.0, and publish',
    });
  }
  if (expectedSha256 === undefined) {
    add({
      id: 'cloudfront/function-not-pinned',
      severity: 'info',
      breaks: `nobody can tell whether what runs was reviewed (it is sha256 ${live.sha256.slice(0, 12)}…)`,
      remedy: 'write the SHA-256 of the reviewed code into the environment: aws.function-sha256',
    });
  } else if (live.sha256 !== expectedSha256) {
    const draft = development?.sha256 === expectedSha256 ? '; DEVELOPMENT is the reviewed one' : '';
    const seen = live.sha256.slice(0, 12);
    const id = 'cloudfront/function-drift';
    add({
      id,
      severity: 'critical',
      seen,
      breaks: `what runs is not the reviewed code (sha256 ${seen}…, not ${expectedSha256.slice(0, 12)}…)${draft}`,
      remedy: `publish the reviewed code, or review what runs and change aws.function-sha256; or take this code for a time (${acceptanceOf({ id, where: name, seen })})`,
    });
  }
  if (development !== undefined && development.sha256 !== live.sha256) {
    add({
      id: 'cloudfront/function-unpublished-changes',
      severity: 'warning',
      breaks: 'the next publication changes what runs: DEVELOPMENT differs from LIVE',
      remedy: 'publish it or put it back, so that nobody publishes it by accident',
    });
  }
  return findings;
}
