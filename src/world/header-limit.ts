/** The error of an answer whose headers were too long, naming the limit; any other error as it is. */
export function sayHeaderLimit(error: Error, maxBytes: number): Error {
  if (!('code' in error) || error.code !== 'HPE_HEADER_OVERFLOW') return error;
  const message = `the answer's headers are longer than ${maxBytes} bytes, which is all that is read`;
  return Object.assign(new Error(message, { cause: error }), { code: error.code });
}
