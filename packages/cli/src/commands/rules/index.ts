import type { Command } from '../../command.ts'
import { backtest } from './backtest.ts'
import { build } from './build.ts'
import { check } from './check.ts'
import { coverage } from './coverage.ts'
import { explain } from './explain.ts'
import { lint } from './lint.ts'
import { list } from './list.ts'
import { schema } from './schema.ts'
import { test } from './test.ts'

/** `weir rules`: what runs, what would be refused, and help for those who write rules. */
export const rules: Command = {
  ...list,
  name: 'rules',
  summary: 'List the rules and detectors; check, test, explain and build rules.',
  usage: ['[PATH...]', 'ACTION [OPTIONS] ...'],
  help: '`weir rules ACTION --help` says more. Without an action it lists.',
  actions: [list, check, lint, coverage, schema, explain, test, backtest, build],
}
