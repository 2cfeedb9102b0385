import { CLASS } from '@weir/schema/ocsf'
import { defined, type Fields, fieldsOf, isFields, textOf } from '../../shared/values.ts'
import { functionPackage, plain, type Shape } from './shape.ts'

/** As many as the extension tells of at most, in all its records together. */
const MAX_COMPONENTS = 5_000

/**
 * `weir.inventory`: a CycloneDX document of the packages that were deployed. Sandboxes of one version send the same one: `sbom.uid` is the document's
 * serial number, which is made of the digest of the code, so that a reader keeps one of each.
 */
export const inventory: Shape = {
  activity: body => (componentsOf(body) ? { classUid: CLASS.softwareInventory, id: 2, name: 'Collect' } : plain('Inventory')),
  placed: ['bom'],
  fields(body, telemetry) {
    const components = componentsOf(body)
    if (!components) return {}
    const bom = fieldsOf(body['bom'])
    return {
      message: `weir.inventory: ${components.length} packages`,
      package: functionPackage(telemetry),
      sbom: defined({
        uid: textOf(bom?.['serialNumber']),
        type_id: 2,
        type: textOf(bom?.['bomFormat']),
        version: textOf(bom?.['specVersion']),
        package: functionPackage(telemetry),
        software_components: components
          .slice(0, MAX_COMPONENTS)
          .map(({ name, version, purl }) => defined({ name, version, purl: textOf(purl), type_id: 2, type: 'Library' })),
      }),
    }
  },
}

function componentsOf(body: Fields | undefined): readonly Fields[] | undefined {
  const components = fieldsOf(body?.['bom'])?.['components']
  return Array.isArray(components)
    ? components.filter(each => isFields(each) && textOf(each['name']) !== undefined && textOf(each['version']) !== undefined)
    : undefined
}
