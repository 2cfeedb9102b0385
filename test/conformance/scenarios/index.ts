import type { Scenario } from '../scenario.ts'
import { lifecycle } from './events.ts'
import { failures } from './failures.ts'
import { registration } from './registration.ts'
import { subscriptions, unknownPaths } from './subscriptions.ts'
import { telemetry } from './telemetry.ts'

/** Every scenario. Each is asked of each platform that can be asked. */
export const scenarios: readonly Scenario[] = [
  ...registration,
  ...lifecycle,
  ...unknownPaths,
  ...subscriptions,
  ...telemetry,
  ...failures,
]
