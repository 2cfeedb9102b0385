import * as z from 'zod/mini'

/** A secret in the config is a reference, never the secret itself. */
export const SECRET_REFERENCE = /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|secretsmanager:.+|ssm:.+)$/

/** An option that holds a secret by reference. List its name in the sink's `secrets` too: only those are resolved. */
export const secret = (description: string) =>
  z.string().check(
    z.regex(SECRET_REFERENCE, {
      error: 'a secret is given by reference: env:NAME, file:PATH, secretsmanager:ARN[#KEY] or ssm:NAME',
    }),
    z.describe(description),
  )
