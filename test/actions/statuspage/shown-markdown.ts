import MarkdownIt from 'markdown-it';

const markdown = new MarkdownIt({ html: true });

/** What a reader of the page sees of Markdown, and whatever in it is more than lines of text. */
export function shown(source: string): { text: string; more: string[] } {
  const blocks = markdown.parse(source, {});
  const inline = blocks.flatMap(({ children }) => children ?? []);
  const text = [
    ...blocks.flatMap(({ children, type }) => children ?? (type === 'paragraph_close' ? [{ type, content: ' ' }] : [])),
  ]
    .map(({ type, content }) => (type === 'softbreak' || type === 'hardbreak' ? ' ' : content))
    .join('');
  const plain = ['paragraph_open', 'inline', 'paragraph_close', 'text', 'text_special', 'softbreak', 'hardbreak'];
  return { text, more: [...blocks, ...inline].map(({ type }) => type).filter((type) => !plain.includes(type)) };
}
