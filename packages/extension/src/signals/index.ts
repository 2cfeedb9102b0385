import { code } from './code.ts'
import { connections } from './connections.ts'
import { dropped } from './dropped.ts'
import { end } from './end.ts'
import { environment } from './environment.ts'
import { extensionLog } from './extension-log.ts'
import { extensions } from './extensions.ts'
import { fault } from './fault.ts'
import { functionLog } from './function-log.ts'
import { guard } from './guard.ts'
import { inventory } from './inventory.ts'
import { load } from './load.ts'
import { platform } from './platform.ts'
import { processes } from './process.ts'
import { redacted } from './redacted.ts'
import { secret } from './secret.ts'
import type { Signal } from './signal.ts'
import { start } from './start.ts'
import { summary } from './summary.ts'
import { trigger } from './trigger.ts'
import { unknown } from './unknown.ts'

/** All signals. `unknown` takes what no other does, so it stays last; the reports about the others come after what they report on. */
export const SIGNALS: readonly Signal[] = [
  start,
  environment,
  extensions,
  platform,
  trigger,
  functionLog,
  extensionLog,
  guard,
  summary,
  load,
  processes,
  connections,
  code,
  inventory,
  secret,
  redacted,
  dropped,
  fault,
  end,
  unknown,
]
