import { CLASS } from '@weir/schema/ocsf'
import { defined, type Fields, fieldsOf, numberOf, textOf } from '../../shared/values.ts'
import { plain, type Shape } from './shape.ts'

/** `weir.process`: a program that does not belong to the sandbox, or the counters of all that runs there. */
export const process: Shape = {
  activity: body => (programOf(body) ? { classUid: CLASS.processActivity, id: 1, name: 'Launch' } : plain('Process Counters')),
  fields(body, { arn }) {
    const program = programOf(body)
    if (!program) return {}
    const { pid, path, name, parent } = program
    return {
      message: `weir.process: ${path}`,
      actor: { app_name: arn?.name ?? 'unknown' },
      process: defined({
        pid,
        name,
        path,
        file: { name: path.slice(path.lastIndexOf('/') + 1) || path, path, type_id: 1, type: 'Regular File' },
        parent_process: parent === undefined ? undefined : { pid: parent },
      }),
    }
  },
}

function programOf(body: Fields | undefined) {
  const program = fieldsOf(body?.['process'])
  const path = textOf(program?.['path'])
  const pid = idOf(program?.['pid'])
  if (path === undefined || pid === undefined) return undefined
  return { pid, path, name: textOf(program?.['name']), parent: idOf(program?.['parent']) }
}

function idOf(value: unknown): number | undefined {
  const id = numberOf(value)
  return id !== undefined && Number.isInteger(id) && id >= 0 ? id : undefined
}
