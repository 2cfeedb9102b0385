import type { Command } from '../command.ts'
import { check } from './check.ts'
import { demo } from './demo.ts'
import { init } from './init.ts'
import { keys } from './keys.ts'
import { quarantine } from './quarantine.ts'
import { replay } from './replay.ts'
import { rules } from './rules/index.ts'
import { run } from './run.ts'
import { sinks } from './sinks.ts'
import { start } from './start.ts'

/** Every command, in the order the overview lists them. */
export const commands: readonly Command[] = [start, demo, run, init, check, sinks, rules, replay, quarantine, keys]
