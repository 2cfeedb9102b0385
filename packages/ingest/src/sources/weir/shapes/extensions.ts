import { CLASS } from '@weir/schema/ocsf'
import { defined, type Fields, isFields, textOf } from '../../shared/values.ts'
import { functionPackage, MAX_LISTED, messageText, plain, type Shape } from './shape.ts'

/** `weir.extensions`: the extensions of a sandbox as components of its function, with the digests of their files. */
export const extensions: Shape = {
  activity: body => (body ? { classUid: CLASS.softwareInventory, id: 1, name: 'Log' } : plain('Extensions')),
  fields(body, telemetry) {
    const files = new Map(listOf(body['files']).map(file => [textOf(file['name']), textOf(file['sha256'])]))
    const names = [...listOf(body['registered']), ...listOf(body['files'])].map(each => textOf(each['name']))
    const known = [...new Set(names)].filter(name => name !== undefined)
    const unlisted = Array.isArray(body['unlisted'])
      ? body['unlisted'].filter(name => typeof name === 'string').slice(0, MAX_LISTED)
      : []
    return {
      message: messageText(
        `weir.extensions: ${known.join(', ') || 'none'}${unlisted.length > 0 ? `; on no list: ${unlisted.join(', ')}` : ''}`,
      ),
      package: functionPackage(telemetry),
      sbom: {
        package: functionPackage(telemetry),
        software_components: known.map(name => {
          const value = files.get(name)
          const hash = value === undefined ? undefined : { algorithm_id: 3, algorithm: 'SHA-256', value }
          return defined({ name, version: 'unknown', type_id: 99, type: 'Lambda extension', hash })
        }),
      },
    }
  },
}

/** Lambda starts ten; a list that is longer is made up. */
const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isFields).slice(0, MAX_LISTED) : [])
