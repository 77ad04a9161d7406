/** A named objection: the run stops unless the operator passes it by `--override NAME=REASON`. */
export type GuardFinding = { guard: string; message: string; hint: string };
