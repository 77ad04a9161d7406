/** Plain JSON: what crosses the journal, the expressions and the actions. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
