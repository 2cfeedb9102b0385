import { run } from './extension.ts'
import { nodeHost } from './host/node.ts'

void run(nodeHost())
