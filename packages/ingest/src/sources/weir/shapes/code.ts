import { CLASS } from '@weir/schema/ocsf'
import { textOf } from '../../shared/values.ts'
import { functionPackage, plain, type Shape } from './shape.ts'

/** `weir.code`: which code a sandbox runs, as a package with a fingerprint of its tree of files. */
export const code: Shape = {
  activity: body => (textOf(body?.['digest']) ? { classUid: CLASS.softwareInventory, id: 1, name: 'Log' } : plain('Code')),
  fields(body, telemetry) {
    const value = textOf(body['digest'])
    if (value === undefined) return {}
    const known = functionPackage(telemetry)
    return {
      message: `weir.code: ${known.name} ${known.version}, ${value}`,
      package: { ...known, hash: { algorithm_id: 99, algorithm: 'SHA-256 of a tree', value } },
    }
  },
}
