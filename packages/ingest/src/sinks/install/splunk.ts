import { type CimKind, kinds } from '../schemas/cim.ts'

const all: readonly (readonly [string, CimKind])[] = Object.entries(kinds)
const tagged = all.filter(([, { tags }]) => tags.length > 0)
const conf = (stanzas: readonly (readonly [name: string, lines: readonly string[]])[]): string =>
  stanzas.map(([name, lines]) => `[${name}]\n${lines.join('\n')}\n`).join('\n')

/**
 * What Splunk needs to show Weir's events in its data models: an app of a few small files, by path. CIM selects by tags, which are
 * search-time and cannot be sent, so the sourcetypes get eventtypes, and those the tags.
 */
export const files: Readonly<Record<string, string>> = {
  'weir/default/app.conf': conf([
    ['install', ['is_configured = true']],
    ['ui', ['is_visible = false', 'label = Weir']],
    ['launcher', ['version = 0.1.0', 'description = Puts Weir’s events into the data models of the Common Information Model']],
  ]),
  'weir/default/props.conf': conf(
    all.map(([, { sourcetype }]) => [sourcetype, ['KV_MODE = json', 'SHOULD_LINEMERGE = false', 'TRUNCATE = 0']]),
  ),
  'weir/default/eventtypes.conf': conf(
    tagged.map(([name, { sourcetype }]) => [`weir_${name}`, [`search = sourcetype="${sourcetype}"`]]),
  ),
  'weir/default/tags.conf': conf(
    tagged.map(([name, { tags }]) => [`eventtype=weir_${name}`, tags.map(tag => `${tag} = enabled`)]),
  ),
  'weir/default/fields.conf': conf([['weir_uid', ['INDEXED = true']]]),
  'weir/metadata/default.meta': conf([['', ['access = read : [ * ], write : [ admin ]', 'export = system']]]),
}
