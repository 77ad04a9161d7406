import { storedName } from './hosted-zone.ts';
import type { SimulatedRecordSet } from './state.ts';
import { childOf, tag, textOf, type XmlElement } from './xml.ts';

/** `<ResourceRecordSet>` as the API lists it, its elements in the order of the service's model. */
export function recordSetXml(set: SimulatedRecordSet): string {
  const { alias } = set;
  return [
    '<ResourceRecordSet>',
    tag('Name', set.name),
    tag('Type', set.type),
    tag('SetIdentifier', set.setIdentifier),
    tag('Weight', set.weight),
    tag('Region', set.region),
    tag('Failover', set.failover),
    tag('MultiValueAnswer', set.multiValueAnswer),
    tag('TTL', set.ttl),
    set.values === undefined
      ? ''
      : `<ResourceRecords>${set.values.map((value) => `<ResourceRecord>${tag('Value', value)}</ResourceRecord>`).join('')}</ResourceRecords>`,
    alias === undefined
      ? ''
      : `<AliasTarget>${tag('HostedZoneId', alias.hostedZoneId)}${tag('DNSName', alias.dnsName)}${tag('EvaluateTargetHealth', alias.evaluateTargetHealth)}</AliasTarget>`,
    tag('HealthCheckId', set.healthCheckId),
    '</ResourceRecordSet>',
  ].join('');
}

/** A `<ResourceRecordSet>` of a request. Names of alias targets are kept as names are: lower case, with a dot. */
export function readRecordSet(element: XmlElement): SimulatedRecordSet {
  const records = childOf(element, 'ResourceRecords');
  const alias = childOf(element, 'AliasTarget');
  const ttl = textOf(element, 'TTL');
  const weight = textOf(element, 'Weight');
  const multiValue = textOf(element, 'MultiValueAnswer');
  const setIdentifier = textOf(element, 'SetIdentifier');
  const region = textOf(element, 'Region');
  const failover = textOf(element, 'Failover');
  const healthCheckId = textOf(element, 'HealthCheckId');
  return {
    name: storedName(textOf(element, 'Name') ?? ''),
    type: textOf(element, 'Type') ?? '',
    ...(setIdentifier === undefined ? {} : { setIdentifier }),
    ...(weight === undefined ? {} : { weight: Number(weight) }),
    ...(region === undefined ? {} : { region }),
    ...(failover === undefined ? {} : { failover }),
    ...(multiValue === undefined ? {} : { multiValueAnswer: multiValue === 'true' }),
    ...(ttl === undefined ? {} : { ttl: Number(ttl) }),
    ...(records === undefined ? {} : { values: records.children.map((record) => textOf(record, 'Value') ?? '') }),
    ...(alias === undefined
      ? {}
      : {
          alias: {
            hostedZoneId: textOf(alias, 'HostedZoneId') ?? '',
            dnsName: storedName(textOf(alias, 'DNSName') ?? ''),
            evaluateTargetHealth: textOf(alias, 'EvaluateTargetHealth') === 'true',
          },
        }),
    ...(healthCheckId === undefined ? {} : { healthCheckId }),
  };
}
