import { expect, test } from 'vitest';
import { likelySecrets } from '../../src/cli/secrets.ts';

test('what variables hold whose names say so is a secret; paths and short words are not', () => {
  const secrets = {
    CLOUDFLARE_API_TOKEN: 'abcdefghijkl',
    AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
    AWS_SECRET_ACCESS_KEY: '/rXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY0000',
    AWS_SESSION_TOKEN: 'IQoJb3JpZ2luX2Vj',
    RESEND_API_KEY: 're_0123456789',
    DATADOG_APPLICATION_KEY: '0123456789abcdef',
  };
  const others = {
    VAULT_TOKEN: '/run/secrets/vault',
    CI_TOKEN: 'yes',
    HOME: '/home/somebody',
    KEYBOARD: 'abcdefghijklmno',
  };
  expect(likelySecrets({ ...secrets, ...others }).sort()).toEqual(Object.values(secrets).sort());
});
