import type { Environment } from '../world/environment.ts';
import { isPlaceholder } from '../world/placeholder.ts';
import type { SimulatedStatusPage } from './state.ts';

/**
 * Lays out the public status page: the components that the environment names (one, `api`, where it names none), all
 * operational. Real ids are kept; placeholders become ids in the provider's form. `hex` gives digits that follow from the seed.
 */
export function seedStatusPage(
  settings: Environment['statuspage'],
  hex: (what: string, digits?: number) => string,
): SimulatedStatusPage {
  const isIncidentIo = settings?.provider === 'incident-io';
  const id = (known: string | undefined, what: string): string => {
    if (known !== undefined && !isPlaceholder(known)) return known;
    return isIncidentIo ? `01${hex(what, 24).toUpperCase()}` : hex(what, 12);
  };
  const named = Object.entries(settings?.components ?? {});
  const components = named.length === 0 ? [['api', undefined] as const] : named;
  return {
    id: id(settings?.['page-id'], 'status-page'),
    components: Object.fromEntries(
      components.map(([name, known]) => [id(known, `component/${name}`), { name, status: 'operational' }]),
    ),
    incidents: [],
  };
}
