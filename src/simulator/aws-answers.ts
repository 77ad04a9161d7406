import { randomUUID } from 'node:crypto';
import type { ServerAnswer } from './http-server.ts';
import { tag } from './xml.ts';

/** What an AWS API says when it says no. */
export type AwsRefusal = { status: number; code: string; message: string };

/** A document of a REST-XML API: `body` is what is inside the root element. Every answer carries a request id. */
export function awsDocument(options: {
  status?: number;
  root: string;
  namespace: string;
  body: string;
  headers?: Readonly<Record<string, string>>;
}): ServerAnswer {
  const { status = 200, root, namespace, body, headers = {} } = options;
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': randomUUID(), ...headers },
    body: `<?xml version="1.0"?>\n<${root} xmlns="${namespace}">${body}</${root}>`,
  };
}

/** The error document of a REST-XML API (Smithy, aws.protocols#restXml). */
export function awsErrorAnswer({ status, code, message }: AwsRefusal, namespace: string): ServerAnswer {
  const requestId = randomUUID();
  const type = status >= 500 ? 'Receiver' : 'Sender';
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
    body:
      `<?xml version="1.0"?>\n<ErrorResponse xmlns="${namespace}"><Error>${tag('Type', type)}${tag('Code', code)}` +
      `${tag('Message', message)}</Error>${tag('RequestId', requestId)}</ErrorResponse>`,
  };
}
