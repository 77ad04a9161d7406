/** An element: its name without a namespace's prefix, its child elements, and its own text. Attributes are not kept. */
export type XmlElement = { name: string; children: XmlElement[]; text: string };

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** A text as it stands between two tags. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => {
    const [name = ''] = Object.entries(entities).find(([, value]) => value === character) ?? [];
    return `&${name};`;
  });
}

/** `<name>…</name>` around text, or nothing where there is no value. */
export function tag(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : `<${name}>${escapeXml(String(value))}</${name}>`;
}

/**
 * Reads a document as far as the APIs' own requests use XML: elements, text, character references, comments and a
 * declaration. Undefined for anything that is not well formed, or holds a document type.
 */
export function parseXml(text: string): XmlElement | undefined {
  const root: XmlElement = { name: '', children: [], text: '' };
  const open: XmlElement[] = [root];
  const token =
    /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
  let at = 0;
  while (at < text.length) {
    token.lastIndex = at;
    const found = token.exec(text);
    if (found === null) return undefined;
    at = token.lastIndex;
    const [, closing, qualified, , empty, characters] = found;
    const parent = open.at(-1);
    if (parent === undefined) return undefined;
    if (characters !== undefined) {
      const decoded = decodeText(characters);
      if (decoded === undefined || (parent === root && decoded.trim() !== '')) return undefined;
      parent.text += decoded;
      continue;
    }
    if (qualified === undefined) continue;
    const name = qualified.slice(qualified.indexOf(':') + 1);
    if (closing === '/') {
      if (open.length === 1 || parent.name !== name) return undefined;
      open.pop();
      continue;
    }
    const element: XmlElement = { name, children: [], text: '' };
    parent.children.push(element);
    if (empty !== '/') open.push(element);
  }
  return open.length === 1 && root.children.length === 1 ? root.children[0] : undefined;
}

function decodeText(text: string): string | undefined {
  let isSound = true;
  const decoded = text.replace(/&([^;&\s]*;?)/g, (_, reference: string) => {
    const [, hex, decimal, name] = /^(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|([a-z]+));$/.exec(reference) ?? [];
    const code = hex === undefined ? (decimal === undefined ? undefined : Number(decimal)) : Number.parseInt(hex, 16);
    const value = code === undefined ? entities[name ?? ''] : code <= 0x10ffff ? String.fromCodePoint(code) : undefined;
    isSound &&= value !== undefined;
    return value ?? '';
  });
  return isSound ? decoded : undefined;
}

/** The first child of that name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

/** The text of the first child of that name. */
export function textOf(element: XmlElement | undefined, name: string): string | undefined {
  return childOf(element, name)?.text;
}
