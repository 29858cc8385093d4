import type { Credit } from './credit.ts'
import { decodeText } from './decode-text.ts'

/** `dc:creator` and `dc:rights` of an XMP packet. */
export function xmpTexts(packet: Buffer): Credit {
  const xml = decodeText(packet)
  return { artist: items(xml, 'creator').join('; '), copyright: items(xml, 'rights')[0] ?? null }
}

export const DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'

/** A packet with these and nothing else. */
export function xmpOf(credit: Credit): string {
  return xmpPacket(DC, dublinCore(credit))
}

export function xmpPacket(attributes: string, content: string): string {
  return `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" ${attributes}>${content}</rdf:Description></rdf:RDF></x:xmpmeta>`
}

export function dublinCore({ artist, copyright }: Credit): string {
  const creator =
    artist && `<dc:creator><rdf:Seq><rdf:li>${escapeXml(artist)}</rdf:li></rdf:Seq></dc:creator>`
  const rights =
    copyright &&
    `<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">${escapeXml(copyright)}</rdf:li></rdf:Alt></dc:rights>`
  return `${creator ?? ''}${rights ?? ''}`
}

function items(xml: string, property: string): string[] {
  const start = xml.indexOf(`<dc:${property}>`)
  const end = xml.indexOf(`</dc:${property}>`, start)
  const content = start < 0 || end < 0 ? '' : xml.slice(start, end)
  return [...content.matchAll(/<rdf:li[^<>]*>([^<]*)</g)].map(([, text = '']) => decodeEntities(text))
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (entity, decimal, hex, name) => {
    const code = decimal ? Number(decimal) : hex ? Number.parseInt(hex, 16) : null
    if (code === null) return ENTITIES[name] ?? entity
    return code <= 0x10ffff ? String.fromCodePoint(code) : entity
  })
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
