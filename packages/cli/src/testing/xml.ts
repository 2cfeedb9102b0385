/** An element of an XML text, for tests: what is not well-formed is an error. Knows elements, attributes, text and the five entities. */
export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly (Element | string)[]
}

const NAME = '[A-Za-z_][\\w.-]*'
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** Reads one document as strictly as https://www.w3.org/TR/xml/ asks, but no DTD, comment or CDATA. White space between elements is left out. */
export function parseXml(text: string): Element {
  if (/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(text))
    throw new Error('XML: a character that it cannot hold')
  const reader = new Reader(text.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\s*/, '').trimEnd())
  const root = reader.element()
  reader.end()
  return root
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  element(): Element {
    const [, name = '', inside = '', closed] = this.#take(
      new RegExp(`<(${NAME})((?:\\s+${NAME}="[^"<]*")*)\\s*(/?)>`, 'y'),
      'a tag',
    )
    const attributes: Record<string, string> = {}
    for (const [, key = '', value = ''] of inside.matchAll(new RegExp(`(${NAME})="([^"]*)"`, 'g'))) {
      if (Object.hasOwn(attributes, key)) throw new Error(`XML: ${key} stands twice`)
      attributes[key] = decoded(value)
    }
    const children: (Element | string)[] = []
    if (closed) return { name, attributes, children }
    while (!this.#text.startsWith('</', this.#at)) {
      if (this.#text[this.#at] === '<') children.push(this.element())
      else {
        const [raw] = this.#take(/[^<]+/y, 'text')
        if (raw.includes(']]>')) throw new Error('XML: ]]> in text')
        if (raw.trim() !== '') children.push(decoded(raw))
      }
    }
    this.#take(new RegExp(`</${name}>`, 'y'), `</${name}>`)
    return { name, attributes, children }
  }

  end(): void {
    if (this.#at !== this.#text.length) throw new Error('XML: more than one root')
  }

  #take(pattern: RegExp, what: string): RegExpExecArray {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (!found) throw new Error(`XML: expected ${what} at ${this.#at}: ${this.#text.slice(this.#at, this.#at + 40)}`)
    this.#at = pattern.lastIndex
    return found
  }
}

function decoded(text: string): string {
  return text.replaceAll(/&(#\d+|#x[0-9a-f]+|\w+)?;?/gi, (whole, name: string | undefined) => {
    if (!name || !whole.endsWith(';')) throw new Error('XML: a bare &')
    if (!name.startsWith('#')) {
      const known = ENTITIES[name]
      if (known === undefined) throw new Error(`XML: &${name}; is not known`)
      return known
    }
    const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
    if (!/[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(String.fromCodePoint(code)))
      throw new Error('XML: a character that it cannot hold')
    return String.fromCodePoint(code)
  })
}
