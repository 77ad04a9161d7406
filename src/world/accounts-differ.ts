/** Whether no two of an environment's approvers have one Slack account. */
export function accountsDiffer({
  people,
}: {
  people: Readonly<Record<string, { slack?: string | undefined }>>;
}): boolean {
  const accounts = Object.values(people).flatMap(({ slack }) => slack ?? []);
  return new Set(accounts).size === accounts.length;
}
