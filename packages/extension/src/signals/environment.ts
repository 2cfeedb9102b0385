import type { Signal } from './signal.ts'

/** What the platform itself puts there, and what is ours: no findings. */
const NOT_THE_CUSTOMERS = /^(AWS_|LAMBDA_|WEIR_|_|PATH$|LD_LIBRARY_PATH$|TZ$|LANG$|PWD$|SHLVL$|HOME$)/

/** `weir.environment`, once: which variables of the function hold secrets in plain text. Names, kinds and fingerprints; never a value. */
export const environment: Signal = {
  name: 'weir.environment',
  start(_, to) {
    const variables = Object.entries(to.host.env).filter(([name]) => !NOT_THE_CUSTOMERS.test(name))
    const secrets = variables.flatMap(([name, value]) =>
      to.redaction.inspect({ [name]: value ?? '' }).map(({ kind, fingerprint }) => ({ variable: name, kind, fingerprint })),
    )
    to.own('weir.environment', { variables: variables.length, secrets })
  },
}
