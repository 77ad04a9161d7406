import type { YAMLError } from 'yaml';

const explanations: Readonly<Record<string, { what: string; remedy: string }>> = {
  ALIAS_PROPS: { what: 'an alias carries an anchor or a tag', remedy: 'remove the anchor or the tag' },
  BAD_ALIAS: { what: 'an anchor or alias has no usable name', remedy: 'name it with letters and digits' },
  BAD_DIRECTIVE: { what: 'a % line at the top is not understood', remedy: 'remove it' },
  BAD_DQ_ESCAPE: {
    what: 'the text in double quotes holds an unknown \\ escape',
    remedy: 'write \\\\ for a backslash, or use single quotes',
  },
  BAD_INDENT: {
    what: 'the indentation does not fit, or a bracket is not closed',
    remedy: 'indent by spaces under the key it belongs to, and close every [ and {',
  },
  BAD_SCALAR_START: { what: 'the text begins with a character that YAML reserves', remedy: 'put the text in quotes' },
  BLOCK_AS_IMPLICIT_KEY: {
    what: 'a map begins where a single value stands',
    remedy: 'put text that holds ": " in quotes, or begin the map on a line of its own',
  },
  BLOCK_IN_FLOW: {
    what: 'an indented block stands inside [ ] or { }',
    remedy: 'write it with [ ] and { }, or without any',
  },
  KEY_OVER_1024_CHARS: {
    what: 'a key is longer than 1024 characters',
    remedy: 'close the quotes or brackets before it',
  },
  MULTILINE_IMPLICIT_KEY: { what: 'a key reaches over several lines', remedy: 'write the key on one line' },
  MULTIPLE_ANCHORS: { what: 'a value has two anchors', remedy: 'remove one of them' },
  MULTIPLE_TAGS: { what: 'a value has two tags', remedy: 'remove the tags' },
  TAB_AS_INDENT: { what: 'the line is indented with a tab', remedy: 'indent with spaces' },
};

const otherRemedy = 'check the quotes, brackets and indentation here and on the line above';

/** The parser's complaint in plain words, with the remedy. */
export function explainYamlError(error: YAMLError): { what: string; remedy: string } {
  const known = explanations[error.code];
  if (known) return known;
  const said = error.message.split('\n', 1)[0] ?? '';
  return { what: `not valid YAML: ${said.charAt(0).toLowerCase()}${said.slice(1)}`, remedy: otherRemedy };
}
