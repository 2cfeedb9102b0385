import type { Detector } from '../detector.ts'
import { adminPolicyWritten } from './admin-policy-written.ts'
import { adminPortOpened } from './admin-port-opened.ts'
import { codeDrift } from './code-drift.ts'
import { denialOfWallet } from './denial-of-wallet.ts'
import { failureStorm } from './failure-storm.ts'
import { foreignAccess } from './foreign-access.ts'
import { foreignLayer } from './foreign-layer.ts'
import { newDestination } from './new-destination.ts'
import { outOfMemory } from './out-of-memory.ts'
import { publicPolicy } from './public-policy.ts'
import { secretsHarvesting } from './secrets-harvesting.ts'
import { unknownExtension } from './unknown-extension.ts'
import { weirLayerRemoved } from './weir-layer-removed.ts'

/** The detections in code. One more is one file, its test, and one line here. */
export const detectors: readonly Detector[] = [
  adminPolicyWritten,
  adminPortOpened,
  codeDrift,
  denialOfWallet,
  failureStorm,
  foreignAccess,
  foreignLayer,
  newDestination,
  outOfMemory,
  publicPolicy,
  secretsHarvesting,
  unknownExtension,
  weirLayerRemoved,
]
