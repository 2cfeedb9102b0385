export { type Known, MIN_KNOWN } from './known.ts'
export { createRedactor, type RedactOptions, type Redactor, type SecretFound } from './redactor.ts'
