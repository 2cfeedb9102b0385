import { run } from './extension.ts'
import { bunHost } from './host/bun.ts'

void run(bunHost())
