import { run } from './extension.ts'
import { nodeHost } from './host/node.ts'

// What the files beside this one in the layer have from it, so that it stands there once (`build/side.ts`).
export { NAME, OWN_PREFIX } from './config.ts'
export { sleep } from './events.ts'
export { createClient, hostHeader, HttpError } from './http.ts'
export { createParser } from './http-message.ts'
export { serve } from './http-server.ts'
export { isManagedInstance } from './lambda-api.ts'

void run(nodeHost())
