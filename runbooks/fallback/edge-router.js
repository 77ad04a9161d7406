// A CloudFront Function (runtime cloudfront-js-2.0, event viewer-request) that chooses the backend as the load
// balancer rule at Cloudflare does:
//
//   http.request.method == "POST" and http.request.uri.path == "/emails"   →  the Email API
//   everything else                                                        →  the Resend API
//
// Put in the two hostnames, publish it, associate it with every cache behavior, and write the SHA-256 of this file
// into the environment (`aws.function-sha256`). `resend-ops` holds the LIVE code against the rule: cloudfront.test-routing.
import cf from 'cloudfront';

const origins = {
  'email-api': 'PLACEHOLDER-email-api-load-balancer.elb.amazonaws.com',
  'resend-api': 'PLACEHOLDER-resend-api-load-balancer.elb.amazonaws.com',
};

function handler(event) {
  const request = event.request;
  const isSending = request.method === 'POST' && normalized(request.uri) === '/emails';
  // What is not named here (port, protocol, timeouts) is taken from the origin of the cache behavior.
  cf.updateRequestOrigin({ domainName: origins[isSending ? 'email-api' : 'resend-api'] });
  return request;
}

// The path as Cloudflare's rules see it, with URL normalization as it is by default: slashes merged, unreserved
// characters decoded, dot segments resolved. The request itself goes on as it came.
function normalized(uri) {
  const path = uri
    .replace(/\\/g, '/')
    .replace(/\/{2,}/g, '/')
    .replace(/%(?:[46][1-9a-f]|[57][0-9a]|3[0-9]|2[de]|5f|7e)/gi, (encoded) => decodeURIComponent(encoded));
  const segments = [];
  const parts = path.split('/').slice(1);
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index];
    const isLast = index === parts.length - 1;
    if (part === '..') segments.pop();
    if (part !== '.' && part !== '..') segments.push(part);
    else if (isLast) segments.push('');
  }
  return `/${segments.join('/')}`;
}
