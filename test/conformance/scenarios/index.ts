import type { Scenario } from '../scenario.ts'
import { lifecycle } from './events.ts'
import { failures } from './failures.ts'
import { registration } from './registration.ts'
import { telemetry, unknownPaths } from './telemetry.ts'

/** Every scenario. Each is asked of each platform that can be asked. */
export const scenarios: readonly Scenario[] = [...registration, ...lifecycle, ...telemetry, ...unknownPaths, ...failures]
