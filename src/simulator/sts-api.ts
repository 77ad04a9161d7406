import { randomUUID } from 'node:crypto';
import { awsErrorAnswer } from './aws-answers.ts';
import type { AwsKey } from './aws-signature.ts';
import type { ServerAnswer, ServerRequest } from './http-server.ts';
import { tag } from './xml.ts';

/** The namespace of STS's documents (STS API Reference, version 2011-06-15). */
export const stsNamespace = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** The account and the user that the simulated key belongs to. */
const account = '123456789012';

/** Whether a request is one for STS: its query API is at the root of its host. */
export function isForSts({ path }: ServerRequest): boolean {
  return path === '/' || path.startsWith('/?');
}

/** Answers GetCallerIdentity, whose parameters come as a query or as a form; no permission is needed for it. */
export function answerSts(request: ServerRequest, key: AwsKey): ServerAnswer {
  const [, query = ''] = request.path.split('?');
  const action = new URLSearchParams(query === '' ? request.body : query).get('Action');
  if (action !== 'GetCallerIdentity') {
    const message = `Could not find operation ${action ?? '(none)'} for version 2011-06-15`;
    return awsErrorAnswer({ status: 400, code: 'InvalidAction', message }, stsNamespace);
  }
  const isTemporary = key.sessionToken !== undefined;
  const arn = isTemporary
    ? `arn:aws:sts::${account}:assumed-role/on-call/resend-ops`
    : `arn:aws:iam::${account}:user/on-call`;
  const id = isTemporary ? 'AROASIMULATEDONCALL00:resend-ops' : 'AIDASIMULATEDONCALL00';
  const requestId = randomUUID();
  const result = `<GetCallerIdentityResult>${tag('Arn', arn)}${tag('UserId', id)}${tag('Account', account)}</GetCallerIdentityResult>`;
  return {
    status: 200,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body:
      `<GetCallerIdentityResponse xmlns="${stsNamespace}">${result}` +
      `<ResponseMetadata>${tag('RequestId', requestId)}</ResponseMetadata></GetCallerIdentityResponse>\n`,
  };
}
