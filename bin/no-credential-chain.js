// Bundled in place of the AWS SDK's own search for credentials (process variables, ~/.aws, SSO, instance metadata):
// keys come only from where the environment file says, and code that is not there cannot look elsewhere.
'use strict';
exports.defaultProvider = () => async () => {
  throw new Error('no credentials were given, and none are looked for');
};
