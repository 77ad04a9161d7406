import type { SimulatedPorts } from './environment-file.ts';
import { smtpPorts } from './smtp-service.ts';

type SmtpEndpoint = { name: string; address: string; try: string };

/** The SMTP service, one server for each port of the real one. `caFile` is quoted for a shell. */
export function smtpEndpoints(hostname: string, { smtp }: SimulatedPorts, caFile: string): SmtpEndpoint[] {
  return Object.entries(smtp).map(([port, local]) => {
    const scheme = smtpPorts[Number(port) as keyof typeof smtpPorts] === 'implicit' ? 'smtps' : 'smtp';
    const via = `--connect-to ${hostname}:${port}:127.0.0.1:${local}`;
    return {
      name: `SMTP (port ${port})`,
      address: `127.0.0.1:${local}`,
      try: `curl -s --cacert ${caFile} --ssl-reqd ${via} ${scheme}://${hostname}:${port}`,
    };
  });
}
